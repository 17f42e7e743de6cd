/**
 * How a repeated operation says that it is one: values that nobody has a use for. They count as such wherever they come
 * from, so no repetition can ever change anything.
 */
export const REPEATED = {
  /** Of what is made: nobody's permission bits. */
  mode: 0o1241,
  /** Of what is touched: 2^31 + 13 seconds after 1970, in 2038. */
  time: 2_147_483_661,
  /** Of what is cut: more than any file has. */
  size: 9_007_199_254_740_881,
  /** Of a symlink. */
  target: '/.wherry-repeated',
} as const;
