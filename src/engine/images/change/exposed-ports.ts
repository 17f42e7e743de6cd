import { invalid } from '../../errors.ts';

const MAX_PORT = 65_535;

/** `80`, `80/udp`, `8000-8002/tcp` → `80/tcp`… @throws EngineError invalidParameter */
export function exposedPorts(text: string): string[] {
  const [, first = '', last = first, protocol = 'tcp'] = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === '' || from > to || from < 1 || to > MAX_PORT) throw invalid(`invalid containerPort: ${text}`);
  const name = protocol.toLowerCase();
  if (!['tcp', 'udp', 'sctp'].includes(name)) throw invalid(`invalid proto: ${protocol}`);
  return Array.from({ length: to - from + 1 }, (_, at) => `${from + at}/${name}`);
}
