import { compileTemplate } from './template/execute.ts';

/** An answer of `GET /version`, the parts that are shown. */
export interface ServerVersion {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion: string;
  readonly Os: string;
  readonly Arch: string;
  readonly KernelVersion: string;
  readonly Components?: readonly { readonly Name: string; readonly Version: string }[];
}

export interface VersionReport {
  readonly Client: {
    readonly Version: string;
    readonly ApiVersion: string;
    readonly NodeVersion: string;
    readonly Os: string;
    readonly Arch: string;
    readonly Machine: string;
  };
  readonly Server: ServerVersion | undefined;
}

/** The blocks of UX.md's `wherry version`; `format` is `json` or a Go template over {@link VersionReport}. */
export function renderVersion(report: VersionReport, format: string | undefined): string {
  if (format === 'json') return JSON.stringify(report);
  if (format !== undefined && format !== '') return compileTemplate(format, { missing: 'error' })(report);
  const { Client: client, Server: server } = report;
  const lines = [
    'Client:',
    ` Version:      ${client.Version}`,
    ` API version:  ${client.ApiVersion}`,
    ` Node:         ${client.NodeVersion}`,
    ` OS/Arch:      ${client.Os}/${client.Arch}`,
    ` Machine:      ${client.Machine}`,
  ];
  if (server) {
    const runtime = server.Components?.find(({ Name }) => Name === 'crun');
    lines.push(
      '',
      'Server: Wherry Engine',
      ` Version:      ${server.Version}`,
      ` API version:  ${server.ApiVersion} (minimum ${server.MinAPIVersion})`,
      ` OS/Arch:      ${server.Os}/${server.Arch}`,
      ` Kernel:       ${server.KernelVersion}`,
      ...(runtime ? [` Runtime:      crun ${runtime.Version}`] : []),
    );
  }
  return lines.join('\n');
}
