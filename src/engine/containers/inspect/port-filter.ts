import { invalid } from '../../errors.ts';
import type { ContainerRecord } from '../model.ts';

/** The container's own ports that are published, `80/tcp`: those that were asked for, and what it has got while it runs. */
export function publishedPorts({ hostConfig, state }: ContainerRecord): string[] {
  const running = state.status === 'running' ? (state.sandbox.ports ?? []) : [];
  return [
    ...Object.keys(hostConfig.PortBindings).map((port) => (port.includes('/') ? port : `${port}/tcp`)),
    ...running.map(({ containerPort, proto }) => `${containerPort}/${proto}`),
  ];
}

/**
 * The filters `publish` and `expose`: PORT or START-END, with /PROTO or for TCP.
 *
 * @throws EngineError invalidParameter
 */
export function hasPort(ports: readonly string[], key: string, wanted: string): boolean {
  if (wanted.includes(':')) throw invalid(`filter for '${key}' should not contain ':': ${wanted}`);
  const [range = '', proto = 'tcp'] = wanted.split('/');
  const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range) ?? [];
  if (first === '' || Number(last) < Number(first)) {
    throw invalid(`error while looking up for ${key} ${wanted}: invalid port`);
  }
  return ports.some((port) => {
    const [number, itsProto] = port.split('/');
    return (
      itsProto === proto.toLowerCase() && Number(number) >= Number(first) && Number(number) <= Number(last)
    );
  });
}
