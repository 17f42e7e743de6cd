import { randomInt } from 'node:crypto';
import { invalid } from '../../errors.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** @throws EngineError invalidParameter in moby's words */
export function checkName(name: string): void {
  if (!NAME.test(name)) {
    throw invalid(`Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  }
}

const ADJECTIVES = `
amber ample bold brave breezy bright brisk calm candid cheery clever cosmic cozy crisp curious daring dapper eager
early earnest fair fleet fond frank fresh gentle glad golden grand happy hardy hearty honest humble jolly keen kind
lively lucid lucky mellow merry mild mighty modest neat nimble noble patient plucky polite proud quick quiet ready
robust rosy savvy serene shiny silent sincere smart snug solid spry steady stellar sunny swift tidy tender trusty
upbeat valiant vivid warm wise witty zesty
`
  .trim()
  .split(/\s+/);

/** People who made computing and the sciences that it stands on. */
const SURNAMES = `
abel allen babbage backus banach bartik boole borg brooks cantor cerf clarke codd conway cook cray curie darwin
dijkstra easley einstein engelbart erdos euler feinler fermi feynman floyd fourier galileo galois gauss goedel
goldberg goldstine hamilton hamming hertz hilbert hoare holberton hopper hypatia jennings johnson kay keller kepler
kernighan kilby kleene knuth kolmogorov lamarr lamport leibniz liskov lovelace maxwell mcculloch meitner mendel milner
minsky moore naur newton nightingale noether noyce pascal perlis perlman planck postel ritchie rivest sammet shamir
shannon snyder spence stallman thompson tukey turing ulam vaughan wilkes wing wirth wozniak yao zuse
`
  .trim()
  .split(/\s+/);

const ATTEMPTS = 20;

/** `adjective_surname`, not among the names that `taken` knows; with a number once those get scarce. */
export function generateName(taken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt += 1) {
    const base = `${pick(ADJECTIVES)}_${pick(SURNAMES)}`;
    const name = attempt < ATTEMPTS ? base : `${base}${randomInt(1_000_000)}`;
    if (!taken(name)) return name;
  }
}

const pick = (words: readonly string[]): string => words[randomInt(words.length)] ?? '';
