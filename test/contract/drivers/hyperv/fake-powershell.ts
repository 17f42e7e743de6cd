import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { READY } from './fake-hyperv.ts';

/** A powershell.exe that knows one script, and insists on being run as ours is. */
const [profile, interactive, policy, bypass, file, script = ''] = process.argv.slice(2);
const isOurs =
  [profile, interactive, policy, bypass, file].join(' ') ===
  '-NoProfile -NonInteractive -ExecutionPolicy Bypass -File';
const request: unknown = JSON.parse(readFileSync(0, 'utf8'));
if (!isOurs || !existsSync(script) || basename(script) !== 'look.ps1' || JSON.stringify(request) !== '{}')
  throw new Error(`not run as expected: ${process.argv.join(' ')}`);
process.stdout.write(`${JSON.stringify({ ok: { ...READY, user: 'S-1-5-21-ümläut' } })}\n`);
