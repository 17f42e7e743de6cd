import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BootImage } from '../drivers/driver.ts';
import { DEFAULT_DRIVER } from '../drivers/registry.ts';
import type { ComposeProgress } from '../image-builder/compose.ts';
import type { WantedImage } from '../image-builder/existing-image.ts';
import type { ImageManifest } from '../image-builder/store/manifest.ts';
import { connectEngine } from '../machine/connect.ts';
import { openMachineContext, type ImageForm, type ImageSource, type Reporter } from '../machine/context.ts';
import { machinesWithImage } from '../machine/image-claim.ts';
import { dockerUrl } from '../machine/docker-url.ts';
import { ensureRunning } from '../machine/ensure-running.ts';
import { loadMachine, stateName } from '../machine/lifecycle.ts';
import { foreignDockerHostNote, resolveMachineName } from '../machine/resolve-machine-name.ts';
import { defaultSize } from '../machine/defaults.ts';
import { systemPathInputs, wherryHome } from '../platform/paths.ts';
import { wherryVersion } from '../platform/version.ts';
import { EngineClient } from './engine-client/client.ts';
import type { Host } from './host.ts';
import { defaultArch } from './images/default-arch.ts';
import type { Composer } from './images/composer.ts';
import type { GlobalFlags } from './invocation.ts';
import { requireReady } from './preflight/require-ready.ts';
import type { Terminal } from './streams/terminal.ts';
import type { FollowComposition } from './tasks/compose.ts';
import { stepReporter } from './tasks/reporter.ts';

/** The engine's bundle as this Wherry ships it: dist/ stands beside src/ in a clone, and is all there is in a package. */
const ENGINE_BUNDLE = fileURLToPath(new URL('../../dist/engine/engine.cjs', import.meta.url));

const ENTRY = fileURLToPath(
  new URL(`../../bin/${import.meta.url.endsWith('.ts') ? 'dev' : 'run'}.js`, import.meta.url),
);

/** The one place where the host side's parts are put together. */
export function composeHost(globals: GlobalFlags, terminal: Terminal, signal: AbortSignal): Host {
  const { env } = process;
  const home = wherryHome(systemPathInputs(), globals.storagePath);
  const imagesDir = join(home, 'images');
  const cache = env['WHERRY_CACHE'] ?? join(home, 'cache');
  const places = { imagesDir, engineBundle: ENGINE_BUNDLE, wherryVersion: wherryVersion() };
  // The composer brings OpenPGP and an HTTP client with it: only commands that compose pay for loading them.
  let composer: Promise<Composer> | undefined;
  const openComposer = (): Promise<Composer> =>
    (composer ??= import('./images/composer.ts').then(({ createComposer }) =>
      createComposer({ ...places, cacheDir: cache, env }),
    ));
  const reporter = stepReporter(terminal);
  const context = openMachineContext(home, imageSource(openComposer, places, reporter));
  const machineName = (flag: string | undefined): string =>
    resolveMachineName({ flag: flag ?? globals.machine, env });
  let noted = false;

  return {
    composer: openComposer,
    machines: context,
    reporter,
    hush: () => reporter.hush(),
    signal,
    program: [process.execPath, ENTRY],
    places: {
      images: imagesDir,
      cache,
      isCacheShared: env['WHERRY_CACHE'] !== undefined,
      bootstrap: join(home, 'bootstrap'),
    },
    machineName,
    imageUsers: (id) => machinesWithImage(context, id),
    driver: (name) => context.drivers.driver(name ?? DEFAULT_DRIVER),
    engine: (flag) => {
      const name = machineName(flag);
      const ownUrl = dockerUrl(context.store.files(name).dockerSocket);
      const note = noted ? undefined : foreignDockerHostNote(env, [ownUrl], name);
      noted = true;
      if (note !== undefined) reporter.note(note);
      return new EngineClient((until) => connectEngine(context, name, until), signal);
    },
    ensureRunning: async (flag, consent) => {
      const name = machineName(flag);
      const rules = { yes: consent.yes, env, signal };
      if (!(await context.store.exists(name))) {
        await requireReady(await context.drivers.driver(DEFAULT_DRIVER), defaultArch(), terminal, rules);
      }
      const { cpus, memoryMiB } = defaultSize(context.host);
      await ensureRunning(context, { name }, reporter, signal, () =>
        reporter.note(
          `No machine yet: creating "${name}" (${cpus} CPUs, ${(memoryMiB / 1024).toFixed(1)} GiB, ${DEFAULT_DRIVER})`,
        ),
      );
    },
    machineFacts: async (flag) => {
      const machine = await loadMachine(context, machineName(flag));
      return {
        name: machine.config.name,
        driver: machine.config.driver,
        state: stateName(machine),
        accelerator: 'vm' in machine ? machine.vm.accelerator : 'unknown',
        url: dockerUrl(machine.files.dockerSocket),
      };
    },
  };
}

/** The composer as the machine service wants it; composing is a step of its own, and only loaded where it is needed. */
function imageSource(
  open: () => Promise<Composer>,
  places: Omit<WantedImage, 'arch'>,
  reporter: Reporter,
): ImageSource {
  const { imagesDir } = places;
  const finish = async (
    manifest: ImageManifest,
    form: ImageForm | undefined,
    signal: AbortSignal,
  ): Promise<BootImage> => {
    const { bootFiles } = await import('../image-builder/boot-image.ts');
    const files = bootFiles(imagesDir, manifest);
    if (form?.uefiDisk !== true || files.uefiDisk !== undefined) return files;
    return reporter.step('Make the UEFI disk', async () => {
      const made = await (await open()).uefiDisk(manifest.id, signal);
      return { value: bootFiles(imagesDir, made), summary: 'the same system on a disk that UEFI boots' };
    });
  };
  const compose = async (
    work: (composer: Composer, onProgress: (progress: ComposeProgress) => void) => Promise<ImageManifest>,
    followComposition: FollowComposition,
  ): Promise<ImageManifest> => {
    const composer = await open();
    return reporter.step('Compose the VM image', async (say) => {
      const follow = followComposition(say);
      const image = await work(composer, follow.onProgress);
      return { value: image, summary: follow.summary(image) };
    });
  };
  return {
    ensure: async (arch, signal, form) => {
      const [{ existingImage }, { alreadyComposed, followComposition }] = await Promise.all([
        import('../image-builder/existing-image.ts'),
        import('./tasks/compose.ts'),
      ]);
      const existing = await existingImage({ ...places, arch, signal });
      if (existing !== undefined) {
        await reporter.step('Use the VM image', async () => ({
          value: undefined,
          summary: alreadyComposed(existing),
        }));
        return finish(existing, form, signal);
      }
      const manifest = await compose(
        (composer, onProgress) => composer.ensure(arch, onProgress, signal),
        followComposition,
      );
      return finish(manifest, form, signal);
    },
    newest: async (arch, signal, form) => {
      const { followComposition } = await import('./tasks/compose.ts');
      const manifest = await compose(
        (composer, onProgress) => composer.build(arch, onProgress, signal),
        followComposition,
      );
      return finish(manifest, form, signal);
    },
    get: async (id) => {
      const [{ bootFiles }, { readManifest }] = await Promise.all([
        import('../image-builder/boot-image.ts'),
        import('../image-builder/store/image-store.ts'),
      ]);
      return bootFiles(imagesDir, await readManifest(imagesDir, id));
    },
  };
}
