/** Each list is in ascending order; every pair of it is compared both ways. Order: Debian Policy §5.6.12. */
export const ASCENDING: readonly (readonly string[])[] = [
  ['~~', '~~a', '~', '0', 'a'],
  ['1.0~beta1~svn1245', '1.0~beta1', '1.0', '1.0-1', '1.0-1+b1', '1.0.1'],
  ['9:0', '10:0~rc1', '10:0'],
  ['2.41-12~deb12u1', '2.41-12', '2.41-12+deb13u2', '2.41-12+deb13u10'],
  ['1.2.3-0.1', '1.2.3-1~bpo', '1.2.3-1', '1.2.3-1a', '1.2.3-1+x', '1.2.3-1.1'],
  ['1', '1a', '1b', '1+', '1.'],
  ['0.9', '1:0.1', '2:0'],
  ['1.0-a-1', '1.0-a-2', '1.0-b-1'],
  ['20240101', '20240101.1', '20250101'],
];

/** Different texts, same version. */
export const EQUAL: readonly (readonly [string, string])[] = [
  ['1.0', '1.0-0'],
  ['0:1.0', '1.0'],
  ['1.01', '1.1'],
  ['1.0', '1.00'],
  ['00:1', '1'],
  ['99999999999999999999999', '099999999999999999999999'],
];
