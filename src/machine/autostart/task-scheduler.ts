import { win32 } from 'node:path';
import { systemProgram } from '../../platform/windows-programs.ts';
import type { AutostartPlan, AutostartRequest } from './plan.ts';
import { escapeXml } from './xml.ts';

/**
 * A task at the user's login (Microsoft's Task Scheduler schema, version 1.2), with the user's own rights, registered
 * by schtasks. Tasks have no environment of their own: what there is at login is what the machine starts with. Not yet
 * run on a real Windows.
 */
export function taskPlan(request: AutostartRequest): AutostartPlan {
  const file = win32.join(request.directory, 'autostart.xml');
  const task = `Wherry\\${request.name}`;
  const schtasks = systemProgram('schtasks.exe', request.env);
  const [command = '', ...rest] = request.start;
  const user = escapeXml(request.user);
  const xml = [
    '<?xml version="1.0" encoding="UTF-16"?>',
    '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">',
    '  <RegistrationInfo>',
    `    <Description>Wherry machine "${escapeXml(request.machine)}"</Description>`,
    '  </RegistrationInfo>',
    '  <Triggers>',
    '    <LogonTrigger>',
    `      <UserId>${user}</UserId>`,
    '    </LogonTrigger>',
    '  </Triggers>',
    '  <Principals>',
    '    <Principal id="Author">',
    `      <UserId>${user}</UserId>`,
    '      <LogonType>InteractiveToken</LogonType>',
    '      <RunLevel>LeastPrivilege</RunLevel>',
    '    </Principal>',
    '  </Principals>',
    '  <Settings>',
    '    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>',
    // A task's defaults keep it from starting on a laptop that isn't plugged in.
    '    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>',
    '    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>',
    '    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>',
    '    <Hidden>true</Hidden>',
    '  </Settings>',
    '  <Actions Context="Author">',
    '    <Exec>',
    `      <Command>${escapeXml(command)}</Command>`,
    `      <Arguments>${escapeXml(rest.map(quotedForWindows).join(' '))}</Arguments>`,
    '    </Exec>',
    '  </Actions>',
    '</Task>',
    '',
  ].join('\r\n');
  return {
    file,
    mark: file,
    // As its first line says, with the mark of its byte order.
    content: Buffer.from(`\uFEFF${xml}`, 'utf16le'),
    enable: [[schtasks, '/Create', '/TN', task, '/XML', file, '/F']],
    disable: [[schtasks, '/Delete', '/TN', task, '/F']],
    stillThere: [schtasks, '/Query', '/TN', task],
    afterwards: [],
    note: undefined,
  };
}

/** As CommandLineToArgvW splits again: backslashes count only before a quote ("Parsing C command-line arguments"). */
export function quotedForWindows(word: string): string {
  if (word !== '' && !/[\s"]/.test(word)) return word;
  return `"${word.replaceAll(/(\\*)"/g, String.raw`$1$1\"`).replace(/\\+$/, '$&$&')}"`;
}
