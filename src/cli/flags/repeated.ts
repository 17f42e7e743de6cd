/** A flag that may be given several times and takes one word each time: oclif's own way swallows the image's name. */
export const repeated = { multiple: true, multipleNonGreedy: true } as const;
