import { invalid, notImplemented } from '../errors.ts';

/** Options of Docker's bridge driver (`network create --opt`) that have their effect here. */
const NAME = 'com.docker.network.bridge.name';
const ICC = 'com.docker.network.bridge.enable_icc';
const MASQUERADE = 'com.docker.network.bridge.enable_ip_masquerade';
const MTU = 'com.docker.network.driver.mtu';

export interface BridgeOptions {
  /** The interface's name; undefined: one of the engine's. */
  readonly interfaceName: string | undefined;
  /** Whether containers of the network reach each other. */
  readonly icc: boolean;
  /** Whether they leave under the VM's address. */
  readonly masquerade: boolean;
  readonly mtu: number | undefined;
}

/** @throws EngineError invalidParameter; notImplemented naming an option that has no effect here */
export function bridgeOptions(options: Readonly<Record<string, string>>): BridgeOptions {
  const unknown = Object.keys(options).find((name) => ![NAME, ICC, MASQUERADE, MTU].includes(name));
  if (unknown !== undefined)
    throw notImplemented(`network option ${unknown} is not implemented by Wherry yet`);
  return {
    interfaceName: interfaceName(options[NAME]),
    icc: truth(ICC, options[ICC]),
    masquerade: truth(MASQUERADE, options[MASQUERADE]),
    mtu: mtu(options[MTU]),
  };
}

/** Linux's names have at most 15 bytes; these are safe in nftables and in /proc/sys too. */
function interfaceName(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^[a-zA-Z0-9][\w-]{0,14}$/.test(text)) throw invalid(`invalid bridge name: "${text}"`);
  return text;
}

/** What Go's strconv.ParseBool takes; absent is true. */
function truth(name: string, text: string | undefined): boolean {
  if (text === undefined) return true;
  if (/^(?:1|t|true)$/i.test(text)) return true;
  if (/^(?:0|f|false)$/i.test(text)) return false;
  throw invalid(`failed to parse ${name} value: "${text}" (invalid syntax)`);
}

function mtu(text: string | undefined): number | undefined {
  if (text === undefined || text === '0') return undefined;
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (value < 68 || value > 65_535) throw invalid(`failed to parse ${MTU} value: "${text}" (68 to 65535)`);
  return value;
}
