import * as z from 'zod';

const perArch = z.strictObject({ amd64: z.string(), arm64: z.string() });
/** A path in the image, without a leading slash. */
const imagePath = z.string().regex(/^[\w.@+-]+(?:\/[\w.@+-]+)*$/);
const moduleName = z.string().regex(/^[\w-]+$/);

/**
 * What a VM image is made of, as `vm-images/<name>/recipe.json` says it; beside it lie `initrd/` and `root/`, whose files
 * go into the image as they are. The steps are taken in the order of the fields.
 */
export const recipeSchema = z.strictObject({
  recipeVersion: z.literal(1),
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  /** Debian's release: the suite itself, its updates and its security updates. */
  release: z.enum(['trixie', 'bookworm']),
  /** The package whose dependency is the kernel of the day. */
  kernel: perArch,
  /** Debian packages; what they depend on comes with them. */
  packages: z.array(z.string()),
  /** Packages assumed away: only their maintainer scripts would want them, and none are run. */
  exclude: z.array(z.string()),
  /** npm packages, pinned in `vm-images/npm-packages.json`: paths in the package to paths in the image. */
  npm: z.array(z.strictObject({ package: perArch, copy: z.record(z.string(), z.string()) })),
  /** Where the engine's bundle goes. */
  engine: imagePath,
  /** Files made by joining others, in byte order of their paths; what postinst scripts would do. */
  concatenate: z.record(imagePath, z.string()),
  /** Globs of what the packages bring and the image doesn't need. */
  remove: z.array(z.string()),
  /** Path to mode, in octal. */
  directories: z.record(imagePath, z.string().regex(/^[0-7]{4}$/)),
  symlinks: z.record(imagePath, z.string()),
  /** Files of `root/` that are programs: not every host's file system can say so. */
  executable: z.array(imagePath),
  /** Names of busybox applets by the folder that gets their symlinks; a real program of that name wins. */
  applets: z.record(imagePath, z.array(z.string())),
  modules: z.strictObject({
    /** What the initrd loads before it mounts the system disk. */
    initrd: z.array(moduleName),
    /** Lists for init, each written to `wherry.<name>`, dependencies first. */
    lists: z.record(z.string().regex(/^[a-z]+$/), z.array(moduleName)),
    /** Globs below the modules' `kernel/` folder: there on demand, for modprobe. */
    available: z.array(z.string()),
  }),
  /** What the image's UEFI disk has besides (src/image-builder/uefi). */
  uefi: z
    .strictObject({
      /** The Debian package with the boot stub, and what of its dependencies only its scripts would want. */
      package: z.string(),
      exclude: z.array(z.string()),
      /** The stub's path in the package. */
      stub: perArch,
      /** Loaded by the initrd as far as the kernel takes them: drivers of buses that not every computer has. */
      modules: z.array(moduleName),
      /** Added to the kernel's command line. */
      commandLine: z.string(),
    })
    .optional(),
  /** The image's own words on the kernel's command line; drivers append theirs. */
  commandLine: perArch,
});

export type Recipe = z.infer<typeof recipeSchema>;
