import { MACHINE_MUTANTS } from './machine-mutants.ts';

/** A break planted in the sources, and the tests that must turn red by it. */
export interface Mutant {
  readonly what: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  readonly tests: TestSelection;
}

/** The narrowest selection that must notice: mocha's arguments. */
export type TestSelection = readonly string[];

const REGISTRY: TestSelection = ['test/contract/engine/images/misbehaving-registry.contract.test.ts'];
const SPEC: TestSelection = ['test/unit/engine/oci/spec.unit.test.ts'];
const CONTAINERS: TestSelection = ['test/contract/engine/containers/containers.contract.test.ts'];
const CLI_STATUS: TestSelection = ['test/contract/cli/exit-status.contract.test.ts'];
const ENGINE_WORDS: TestSelection = ['test/unit/engine/containers/pieces.unit.test.ts'];
const RESTARTS: TestSelection = ['test/contract/engine/containers/restarts.contract.test.ts'];
const HEALTH: TestSelection = ['test/unit/engine/containers/health.unit.test.ts'];
const LIMITS: TestSelection = ['test/unit/engine/containers/limits.unit.test.ts'];
const STATS: TestSelection = ['test/unit/engine/containers/stats.unit.test.ts'];
const RESOLVER: TestSelection = ['test/unit/engine/networks/dns-server.unit.test.ts'];
const RULES: TestSelection = ['test/unit/engine/networks/netlink.unit.test.ts'];
const JOINING: TestSelection = ['test/unit/engine/containers/network/wanted-networks.unit.test.ts'];
const ESCAPES: TestSelection = ['test/contract/engine/containers/file-escapes.contract.test.ts'];
const FILES: TestSelection = ['test/contract/engine/containers/files.contract.test.ts'];
const UNPACK: TestSelection = ['test/unit/cli/copy-unpack.unit.test.ts'];
const LOGS: TestSelection = ['test/contract/engine/containers/logs.contract.test.ts'];
const SLOW_CLIENTS: TestSelection = ['test/contract/engine/containers/slow-clients.contract.test.ts'];
const DETACH_KEYS: TestSelection = ['test/unit/protocol/detach-keys.unit.test.ts'];
const SSH: TestSelection = ['test/contract/ssh/dropbear.contract.test.ts'];
const SSH_KEYS: TestSelection = ['test/unit/ssh/keys.unit.test.ts'];

const LAYER = 'src/engine/images/layer/convert.ts';
const REGISTRY_CLIENT = 'src/engine/images/registry/client.ts';
const NAMESPACES = 'src/engine/oci/namespaces.ts';
const EXIT_STATUS = 'src/cli/run/exit-status.ts';
const RUN = 'src/cli/run/start-attached.ts';
const RUNTIME_ERRORS = 'src/engine/containers/process/runtime-errors.ts';
const SESSION = 'src/ssh/session.ts';

export const MUTANTS: readonly Mutant[] = [
  {
    what: 'a layer whose unpacked bytes are others (diffID) is taken',
    file: LAYER,
    find: 'if (diffId !== source.diffId) {',
    replace: "if (diffId === '') {",
    tests: REGISTRY,
  },
  {
    what: 'a layer whose compressed bytes are others (digest) is taken',
    file: LAYER,
    find: 'if (digest !== expected.digest) {',
    replace: "if (digest === '') {",
    tests: REGISTRY,
  },
  {
    what: 'a manifest that is not the one asked for by digest is taken',
    file: REGISTRY_CLIENT,
    find: "if (reference.includes(':') && reference !== digest) {",
    replace: "if (reference === '') {",
    tests: REGISTRY,
  },
  {
    what: 'containers share the pid namespace',
    file: NAMESPACES,
    find: "['pid', 'ipc', 'uts', 'cgroup', 'network', 'user']",
    replace: "['ipc', 'uts', 'cgroup', 'network', 'user']",
    tests: CONTAINERS,
  },
  {
    what: 'containers share the uts namespace',
    file: NAMESPACES,
    find: "['pid', 'ipc', 'uts', 'cgroup', 'network', 'user']",
    replace: "['pid', 'ipc', 'cgroup', 'network', 'user']",
    tests: CONTAINERS,
  },
  {
    what: 'containers share the ipc namespace',
    file: NAMESPACES,
    find: "['pid', 'ipc', 'uts', 'cgroup', 'network', 'user']",
    replace: "['pid', 'uts', 'cgroup', 'network', 'user']",
    tests: SPEC,
  },
  {
    what: "containers see the VM's network",
    file: NAMESPACES,
    find: "['pid', 'ipc', 'uts', 'cgroup', 'network', 'user']",
    replace: "['pid', 'ipc', 'uts', 'cgroup', 'user']",
    tests: SPEC,
  },
  {
    what: "containers see the VM's cgroups",
    file: NAMESPACES,
    find: "['pid', 'ipc', 'uts', 'cgroup', 'network', 'user']",
    replace: "['pid', 'ipc', 'uts', 'network', 'user']",
    tests: CONTAINERS,
  },
  {
    what: 'the CLI gives 125 for a command that is not there',
    file: RUN,
    find: 'return 127;',
    replace: 'return ENGINE_FAILED;',
    tests: CLI_STATUS,
  },
  {
    what: 'the CLI gives 125 for a command that cannot be run',
    file: RUN,
    find: 'return 126;',
    replace: 'return ENGINE_FAILED;',
    tests: CLI_STATUS,
  },
  {
    what: 'the CLI gives 0 whatever the program gave',
    file: EXIT_STATUS,
    find: 'return answer.StatusCode;',
    replace: 'return 0;',
    tests: CLI_STATUS,
  },
  {
    what: 'the CLI gives 1 where the engine failed',
    file: RUN,
    find: 'const ENGINE_FAILED = 125;',
    replace: 'const ENGINE_FAILED = 1;',
    tests: CLI_STATUS,
  },
  {
    what: 'the engine gives 128 for a command that is not there',
    file: RUNTIME_ERRORS,
    find: 'const NOT_FOUND = 127;',
    replace: 'const NOT_FOUND = 128;',
    tests: ENGINE_WORDS,
  },
  {
    what: 'the engine gives 127 for a command that cannot be run',
    file: RUNTIME_ERRORS,
    find: 'const NOT_EXECUTABLE = 126;',
    replace: 'const NOT_EXECUTABLE = 127;',
    tests: ENGINE_WORDS,
  },
  {
    what: "the engine loses conmon's exit code",
    file: 'src/engine/containers/process/exit-watcher.ts',
    find: 'return Number.isInteger(code) ? code : undefined;',
    replace: 'return Number.isInteger(code) ? 0 : undefined;',
    tests: CONTAINERS,
  },
  {
    what: 'any SSH host key is accepted',
    file: SESSION,
    find: 'if (sameBytes(key, hostKey)) return true;',
    replace: 'if (key.length > 0) return true;',
    tests: SSH,
  },
  {
    what: 'any SSH host key of the right length is accepted',
    file: SESSION,
    find: 'return a.length === b.length && timingSafeEqual(a, b);',
    replace: 'return a.length === b.length;',
    tests: SSH,
  },
  {
    what: "another machine's pinned host key is accepted",
    file: 'src/ssh/known-hosts.ts',
    find: 'if (names === hostKeyAlias(machine) && algorithm',
    replace: 'if (names !== undefined && algorithm',
    tests: SSH_KEYS,
  },
  {
    what: 'a container that somebody stops is restarted by its policy',
    file: 'src/engine/containers/lifecycle/stop-container.ts',
    find: 'if (ends) context.restarts.cancel(entry.id);',
    replace: '',
    tests: RESTARTS,
  },
  {
    what: 'what ended while no engine ran is not restarted',
    file: 'src/engine/containers/lifecycle/restarts.ts',
    find: 'this.#held.push(entry);',
    replace: '',
    tests: RESTARTS,
  },
  {
    what: 'a health check fails for good with its first failure',
    file: 'src/engine/containers/health/state.ts',
    find: 'FailingStreak >= check.retries',
    replace: 'FailingStreak >= 1',
    tests: HEALTH,
  },
  {
    what: 'an update that the kernel refuses half of leaves the other half',
    file: 'src/engine/containers/limits/apply.ts',
    find: 'for (const old of done.toReversed()) writeLimit(directory, old);',
    replace: '',
    tests: LIMITS,
  },
  {
    what: 'swap counts memory in, as Docker does and the kernel does not',
    file: 'src/engine/containers/limits/cgroup-files.ts',
    find: 'String(swap - memory)',
    replace: 'String(swap)',
    tests: LIMITS,
  },
  {
    what: 'stats wait in memory for a client that reads none',
    file: 'src/engine/api/containers/stats.ts',
    find: 'if (!stream.writableNeedDrain) ',
    replace: '',
    tests: STATS,
  },
  {
    what: 'names get out of an internal network by its resolver',
    file: 'src/engine/networks/dns/server.ts',
    find: 'if (!this.#policy.forwards || this.#inFlight',
    replace: 'if (this.#inFlight',
    tests: RESOLVER,
  },
  {
    what: 'packets get out of an internal network',
    file: 'src/engine/networks/rules.ts',
    find: '`iifname ${own} oifname != ${own} drop`, ',
    replace: '',
    tests: RULES,
  },
  {
    what: "a container with another's network has ports of its own",
    file: 'src/engine/containers/network/wanted-networks.ts',
    find: "[publishes, 'conflicting options",
    replace: "[false, 'conflicting options",
    tests: JOINING,
  },
  {
    what: "a link in a container leads cp into the machine's own files",
    file: 'src/engine/sys/open-in-root.ts',
    find: 'BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)',
    replace: 'BigInt(RESOLVE_NO_MAGICLINKS & RESOLVE_IN_ROOT)',
    tests: ESCAPES,
  },
  {
    what: 'a directory that becomes a link while cp reads it is followed',
    file: 'src/engine/containers/files/archive-tree.ts',
    find: 'O_RDONLY | O_DIRECTORY | O_NOFOLLOW',
    replace: 'O_RDONLY | O_DIRECTORY',
    tests: ESCAPES,
  },
  {
    what: 'a directory that becomes a link while cp removes it is followed',
    file: 'src/engine/containers/files/remove-in.ts',
    find: 'O_RDONLY | O_DIRECTORY | O_NOFOLLOW',
    replace: 'O_RDONLY | O_DIRECTORY',
    tests: ESCAPES,
  },
  {
    what: 'an archive leaves the directory that it is unpacked in',
    file: 'src/engine/containers/files/extract.ts',
    find: "if (parts[0] === '..') throw",
    replace: "if (parts[0] === '...') throw",
    tests: ESCAPES,
  },
  {
    what: 'cp removes what something is mounted on',
    file: 'src/engine/containers/files/remove-in.ts',
    find: 'if (view.mountOf(there.fd) === view.mountOf(directory.fd)) return;',
    replace: 'if (view.mountOf(there.fd) !== null) return;',
    tests: FILES,
  },
  {
    what: 'the root of a stopped container stays mounted after a copy',
    file: 'src/engine/containers/files/with-files.ts',
    find: 'if (idle) await',
    replace: 'if (!idle) await',
    tests: FILES,
  },
  {
    what: "what a container sends is written through the archive's own link",
    file: 'src/cli/copy/unpack.ts',
    find: 'if (links.has(keyOf(parent)))',
    replace: 'if (links.has(keyOf([])))',
    tests: UNPACK,
  },
  {
    what: 'a log that is rotated loses what was in it',
    file: 'src/engine/containers/logs/rotate.ts',
    find: 'linkSync(file, logFile(file, 1));',
    replace: '',
    tests: LOGS,
  },
  {
    what: 'a follower of a log stays with the file that was put aside',
    file: 'src/engine/containers/logs/read.ts',
    find: 'queue.push(...openNewer(source.file, source.maxFiles, log));',
    replace: '',
    tests: LOGS,
  },
  {
    what: 'the beginning of the detach keys goes through to the process',
    file: 'src/protocol/streams/detach-keys.ts',
    find: 'const begun = this.#beginning(typed);',
    replace: 'const begun = 0;',
    tests: DETACH_KEYS,
  },
  {
    what: "a client that is dropped leaves the process's input open",
    file: 'src/engine/containers/streams/attach-hub.ts',
    find: "stream.once('close', inputOver);",
    replace: '',
    tests: SLOW_CLIENTS,
  },
  {
    what: 'a client that stops reading holds the container up',
    file: 'src/engine/containers/streams/attach-hub.ts',
    find: 'if (waiting - now < LEAST_PROGRESS) client.stream.destroy();',
    replace: '',
    tests: SLOW_CLIENTS,
  },
  ...MACHINE_MUTANTS,
];
