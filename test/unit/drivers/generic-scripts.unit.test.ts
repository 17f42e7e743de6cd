import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../../../vm-images/generic/', import.meta.url);

describe('the scripts that root runs on somebody’s host', () => {
  for (const name of readdirSync(FOLDER)) {
    it(`${name} writes nothing to /tmp, where others could have put a symlink`, () => {
      expect(readFileSync(new URL(name, FOLDER), 'utf8')).not.to.match(/(>|\s)\s*"?\/(var\/)?tmp\/|mktemp/);
    });
  }
});
