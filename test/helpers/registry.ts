import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import type { Certified } from './certificates.ts';

export interface Registry {
  readonly port: number;
  stop(): Promise<void>;
}

/** The one account of a registry that was started with `accounts`. */
export const ACCOUNT = {
  username: 'wherry',
  password: 'wherry-s3cret',
  htpasswd: 'wherry:$2b$04$X46ZksbXq4OlzuGc1Q2RQelzn9CNfyHLXiGjWyJyeXPO/7ESCL8nC',
} as const;

/**
 * Starts Debian's docker-registry on a port of the loopback that it takes itself, and resolves when it has said which.
 * With `accounts`, it asks for {@link ACCOUNT} (Basic).
 */
export async function startRegistry(
  binary: string,
  directory: string,
  options: {
    readonly accounts?: boolean;
    /** Another registry's directory: the same images. */
    readonly imagesOf?: string;
    readonly tls?: Certified;
  } = {},
): Promise<Registry> {
  mkdirSync(directory, { recursive: true });
  const config = join(directory, 'config.yml');
  const htpasswd = join(directory, 'htpasswd');
  writeFileSync(htpasswd, `${ACCOUNT.htpasswd}\n`);
  const data = join(options.imagesOf ?? directory, 'data');
  const listener = {
    addr: '127.0.0.1:0',
    ...(options.tls && { tls: writeCertified(directory, options.tls) }),
  };
  writeFileSync(
    config,
    [
      'version: 0.1',
      'log: {level: info}',
      `storage: {filesystem: {rootdirectory: ${JSON.stringify(data)}}, delete: {enabled: true}}`,
      `http: ${JSON.stringify(listener)}`,
      ...(options.accounts === true
        ? [`auth: {htpasswd: {realm: test, path: ${JSON.stringify(htpasswd)}}}`]
        : []),
      '',
    ].join('\n'),
  );
  const child = spawn(binary, ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  const port = await listening(child);
  return {
    port,
    stop: async () => {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

function writeCertified(directory: string, { cert, key }: Certified) {
  const files = { certificate: join(directory, 'tls.crt'), key: join(directory, 'tls.key') };
  writeFileSync(files.certificate, cert);
  writeFileSync(files.key, key, { mode: 0o600 });
  return files;
}

async function listening(child: ChildProcess): Promise<number> {
  let said = '';
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`docker-registry ended with ${code}:\n${said}`)));
    child.once('error', reject);
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const [, port] = /listening on 127\.0\.0\.1:(\d+)[",]/.exec(said) ?? [];
      if (port !== undefined) resolve(Number(port));
    });
  });
}
