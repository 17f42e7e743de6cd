import { Flags } from '@oclif/core';
import { isolationFlags } from './isolation.ts';
import { lifecycleFlags } from './lifecycle-flags.ts';
import { netRateFlags } from './net-rates.ts';
import { networkFlags } from './networks.ts';
import { securityFlags } from './security.ts';
import { kernelFlags } from './kernel-settings.ts';
import { createLimitFlags } from './limits.ts';
import { repeated } from './repeated.ts';

/** The flags that `run` and `create` share, with docker's names and help. */
export const runFlags = {
  ...lifecycleFlags,
  ...networkFlags,
  attach: Flags.string({
    char: 'a',
    description: 'Attach to STDIN, STDOUT or STDERR',
    ...repeated,
  }),
  interactive: Flags.boolean({
    char: 'i',
    description: 'Keep STDIN open even if not attached',
    default: false,
  }),
  tty: Flags.boolean({ char: 't', description: 'Allocate a pseudo-TTY', default: false }),
  rm: Flags.boolean({ description: 'Automatically remove the container when it exits', default: false }),
  name: Flags.string({ description: 'Assign a name to the container' }),
  env: Flags.string({
    char: 'e',
    description: 'Set environment variables',
    ...repeated,
  }),
  workdir: Flags.string({ char: 'w', description: 'Working directory inside the container' }),
  user: Flags.string({ char: 'u', description: 'Username or UID (format: <name|uid>[:<group|gid>])' }),
  entrypoint: Flags.string({ description: 'Overwrite the default ENTRYPOINT of the image' }),
  hostname: Flags.string({ char: 'h', description: 'Container host name' }),
  label: Flags.string({
    char: 'l',
    description: 'Set meta data on a container',
    ...repeated,
  }),
  'detach-keys': Flags.string({ description: 'Override the key sequence for detaching a container' }),
  'log-driver': Flags.string({ description: 'Logging driver for the container (json-file, local, none)' }),
  'log-opt': Flags.string({ description: 'Log driver options', ...repeated }),
  ...createLimitFlags,
  ...kernelFlags,
  ...netRateFlags,
  volume: Flags.string({
    char: 'v',
    description: 'Bind mount a volume',
    ...repeated,
  }),
  mount: Flags.string({
    description: 'Attach a filesystem mount to the container',
    ...repeated,
  }),
  tmpfs: Flags.string({
    description: 'Mount a tmpfs directory',
    ...repeated,
  }),
  'volumes-from': Flags.string({
    description: 'Mount volumes from the specified container(s)',
    ...repeated,
  }),
  'read-only': Flags.boolean({
    description: "Mount the container's root filesystem as read only",
    default: false,
  }),
  publish: Flags.string({
    char: 'p',
    description: "Publish a container's port(s) to this computer",
    ...repeated,
  }),
  'publish-all': Flags.boolean({
    char: 'P',
    description: 'Publish all exposed ports to random ports of this computer',
    default: false,
  }),
  expose: Flags.string({
    description: 'Expose a port or a range of ports',
    ...repeated,
  }),
  ...isolationFlags,
  ...securityFlags,
  pull: Flags.string({
    description: 'Pull image before running',
    options: ['always', 'missing', 'never'],
    default: 'missing',
  }),
  platform: Flags.string({
    description: 'Set platform if server is multi-platform capable, e.g. linux/arm64',
  }),
  quiet: Flags.boolean({ char: 'q', description: 'Suppress the pull output', default: false }),
};
