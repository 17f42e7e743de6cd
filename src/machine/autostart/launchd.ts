import { join } from 'node:path';
import type { AutostartPlan, AutostartRequest } from './plan.ts';
import { escapeXml } from './xml.ts';

/**
 * A launch agent (launchd.plist(5)): launchd loads what is in ~/Library/LaunchAgents at login. The machine's processes
 * outlive the command that starts them, which is what AbandonProcessGroup is for. Not yet run on a real Mac.
 */
export function launchdPlan(request: AutostartRequest): AutostartPlan {
  const log = join(request.directory, 'autostart.log');
  const plist = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    '<dict>',
    ...entry('Label', string(request.name)),
    ...entry('ProgramArguments', '<array>', ...request.start.map((word) => `  ${string(word)}`), '</array>'),
    ...entry(
      'EnvironmentVariables',
      '<dict>',
      ...Object.entries(request.environment).flatMap(([name, value]) => [
        `  <key>${escapeXml(name)}</key>`,
        `  ${string(value)}`,
      ]),
      '</dict>',
    ),
    ...entry('RunAtLoad', '<true/>'),
    ...entry('AbandonProcessGroup', '<true/>'),
    ...entry('StandardOutPath', string(log)),
    ...entry('StandardErrorPath', string(log)),
    '</dict>',
    '</plist>',
    '',
  ];
  const file = join(request.homeDirectory, 'Library', 'LaunchAgents', `${request.name}.plist`);
  const service = `gui/${request.uid ?? 0}/${request.name}`;
  return {
    file,
    mark: file,
    content: plist.join('\n'),
    // To load it now would start the machine now.
    enable: [],
    // Fails where no login has loaded it since.
    disable: [['launchctl', 'bootout', service]],
    stillThere: ['launchctl', 'print', service],
    afterwards: [],
    note: undefined,
  };
}

const string = (text: string): string => `<string>${escapeXml(text)}</string>`;

const entry = (key: string, ...value: readonly string[]): string[] => [
  `  <key>${key}</key>`,
  ...value.map((line) => `  ${line}`),
];
