import type { World } from '../../test/helpers/e2e-world.ts';
import { waitForLog } from '../../test/helpers/wait-for-log.ts';
import { PATIENT } from './cost.ts';
import { debianLayout } from './debian-layers.ts';
import { PEERS } from './images.ts';
import { pushLayout } from './registry-image.ts';

const NAME = 'peers';
const SOCKET = 'unix:///run/peer.sock';
const CONTAINERD = '/run/peer-containerd/containerd.sock';

/** containerd by itself: where dockerd starts it, dockerd gives up after 15 s, which a busy computer exceeds. */
const daemons = (registry: string): string => `
containerd --root /peers/containerd --state /run/peer-containerd --address ${CONTAINERD} > /dev/null 2>&1 &
until [ -S ${CONTAINERD} ]; do kill -0 $! || exit 1; sleep 0.1; done
exec dockerd --containerd ${CONTAINERD} --data-root /peers/docker --exec-root /run/peer --pidfile /run/peer.pid \
  -H ${SOCKET} --storage-driver overlay2 --insecure-registry ${registry} --bridge none --iptables=false --ip6tables=false
`;

/** Who else can pull, in the machine's own VM. Each call is one command from the host. */
export interface Peers {
  dockerPull(reference: string): Promise<void>;
  /** Removes all that was pulled. */
  dockerClean(): Promise<void>;
  podmanPull(reference: string): Promise<void>;
  podmanClean(): Promise<void>;
  /** Runs a bash script beside them. @returns stdout */
  run(script: string): Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts Debian's dockerd (overlay2) and makes podman (overlay) ready, in a container that is one in name only: all
 * privileges, the VM's network, and their storage on a volume, so on the ext4 of the machine's data disk. Kernel,
 * processors, memory, disk and network are then the same for all, which two VMs beside each other wouldn't have.
 */
export async function startPeers(world: World): Promise<Peers> {
  const repository = 'bench/peers:latest';
  await pushLayout(world, await debianLayout(PEERS), repository);
  const image = `${world.registryHost}/${repository}`;
  await world.ok(['pull', '-q', image], PATIENT);
  const container = ['run', '-d', '--name', NAME, '--privileged', '--network', 'host', '-v', 'peers:/peers'];
  await world.ok([...container, image, 'bash', '-c', daemons(world.registryHost)]);
  await waitForLog(world, NAME, 'API listen on');
  const exec = async (...args: string[]) => await world.ok(['exec', NAME, ...args], PATIENT);
  const podman = async (...args: string[]) =>
    await exec(
      'podman',
      '--root',
      '/peers/podman',
      '--runroot',
      '/run/podman',
      '--storage-driver',
      'overlay',
      ...args,
    );
  return {
    dockerPull: async (reference) => void (await exec('docker', '-H', SOCKET, 'pull', '-q', reference)),
    dockerClean: async () => void (await exec('docker', '-H', SOCKET, 'image', 'prune', '-af')),
    podmanPull: async (reference) => void (await podman('pull', '-q', '--tls-verify=false', reference)),
    podmanClean: async () => void (await podman('image', 'prune', '-af')),
    run: async (script) => await world.ok(['exec', '-i', NAME, 'bash', '-s'], { ...PATIENT, input: script }),
    stop: async () => {
      await world.ok(['rm', '-f', NAME]);
      await world.ok(['volume', 'rm', 'peers']);
      await world.ok(['rmi', image]);
    },
  };
}
