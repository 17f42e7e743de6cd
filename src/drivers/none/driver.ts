import { connect } from 'node:net';
import { messageOf, WherryError } from '../../core/errors.ts';
import type { Driver, EngineEndpoint, MachineSpec, RunningVm, VmStatus } from '../driver.ts';
import { parseEngineUrl } from './url.ts';

/** As long as it takes to say that a host across the Internet isn't there. */
const CONNECT_MS = 5000;

/** A machine that is somebody else's engine at a URL: nothing is started, stopped or removed. */
export function createNoneDriver(): Driver {
  return {
    name: 'none',
    capabilities: {
      lifecycle: false,
      composedImage: false,
      foreignArch: true,
      ssh: false,
      hostForward: false,
      console: false,
    },
    preflight: () => Promise.resolve([]),
    async create(spec) {
      endpointOf(spec);
    },
    async start(spec) {
      const status = await statusOf(spec);
      if (status.status === 'running') return status.vm;
      return unable('started')(spec);
    },
    stop: unable('stopped'),
    kill: unable('killed'),
    remove: () => Promise.resolve(),
    status: statusOf,
  };
}

/** A method that only says that there is nothing to do it with. */
function unable(verb: string): (spec: MachineSpec) => Promise<never> {
  return (spec) =>
    Promise.reject(
      new WherryError({
        code: 'NOT_SUPPORTED',
        message: `"${spec.name}" has the driver "none": it cannot be ${verb} from here`,
      }),
    );
}

function endpointOf(spec: MachineSpec): EngineEndpoint {
  const url = spec.options['url'];
  if (typeof url === 'string' && url !== '') return parseEngineUrl(url);
  throw new WherryError({
    code: 'INVALID_URL',
    message: '--url option is required when no driver is selected',
  });
}

async function statusOf(spec: MachineSpec): Promise<VmStatus> {
  const endpoint = endpointOf(spec);
  const refusal = await whyUnreachable(endpoint);
  if (refusal !== undefined) return { status: 'error', reason: refusal };
  const vm: RunningVm = { sshHost: '', sshPort: 0, accelerator: 'none', endpoint };
  return { status: 'running', vm };
}

function whyUnreachable(endpoint: EngineEndpoint): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(endpoint.kind === 'unix' ? { path: endpoint.path } : endpoint);
    const settle = (reason: string | undefined): void => {
      socket.destroy();
      resolve(reason);
    };
    socket.setTimeout(CONNECT_MS, () => settle(`no connection within ${CONNECT_MS / 1000} s`));
    socket.once('connect', () => settle(undefined));
    socket.once('error', (error) => settle(messageOf(error)));
  });
}
