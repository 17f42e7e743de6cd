export const DEFAULT_MACHINE = 'default';

/** Which machine a command means: `--machine` > `WHERRY_MACHINE` > `DOCKER_MACHINE_NAME` > `default`. */
export function resolveMachineName(inputs: {
  readonly flag?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}): string {
  const candidates = [inputs.flag, inputs.env['WHERRY_MACHINE'], inputs.env['DOCKER_MACHINE_NAME']];
  return candidates.find((name) => name !== undefined && name !== '') ?? DEFAULT_MACHINE;
}

/** One line where DOCKER_HOST points at something that isn't one of Wherry's machines; undefined otherwise. */
export function foreignDockerHostNote(
  env: Readonly<Record<string, string | undefined>>,
  ownUrls: readonly string[],
  machine: string,
): string | undefined {
  const url = env['DOCKER_HOST'];
  if (url === undefined || url === '' || ownUrls.includes(url)) return undefined;
  return `DOCKER_HOST=${url} is not a Wherry machine: ignored, using "${machine}"`;
}
