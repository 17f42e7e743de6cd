import type { Interfaces } from '@oclif/core';

/** What the command line gave for the flags `F` (an object of oclif's), for those who take any of them or none. */
export type FlagValues<F> = {
  readonly [Name in keyof Interfaces.InferredFlags<F>]?:
    | AsReadonly<Interfaces.InferredFlags<F>[Name]>
    | undefined;
};

type AsReadonly<T> = T extends readonly (infer Item)[] ? readonly Item[] : T;
