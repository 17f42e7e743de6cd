import { invalid } from '../../errors.ts';
import { parseInstructions } from './instructions.ts';
import type { Instruction } from './instructions.ts';
import { healthcheckOf } from './healthcheck.ts';
import { commandOf, jsonWords } from './command.ts';
import { exposedPorts } from './exposed-ports.ts';
import { expandWord, splitWords } from './words.ts';

/** The parts of an image's config that instructions change (OCI image-spec v1.1, config.md, and Docker's own). */
export interface ChangedConfig {
  User?: string;
  ExposedPorts?: Record<string, object>;
  Env?: string[];
  Entrypoint?: string[] | null;
  Cmd?: string[] | null;
  Volumes?: Record<string, object>;
  WorkingDir?: string;
  Labels?: Record<string, string>;
  StopSignal?: string;
  Healthcheck?: Record<string, unknown>;
  OnBuild?: string[];
  Shell?: string[];
}

/**
 * Applies `--change` instructions to a config, as moby does (builder/dockerfile, BuildFromConfig): one after another,
 * variables standing for what the config itself has in Env.
 *
 * @throws EngineError invalidParameter, naming the instruction
 */
export function applyChanges(config: ChangedConfig, changes: readonly string[]): ChangedConfig {
  const changed = structuredClone(config);
  const given = { command: false };
  for (const instruction of parseInstructions(changes)) {
    const apply = INSTRUCTIONS[instruction.name];
    if (apply === undefined) throw invalid(`${instruction.name} is not a valid change command`);
    apply(changed, instruction, given);
  }
  return changed;
}

type Apply = (config: ChangedConfig, instruction: Instruction, given: { command: boolean }) => void;

const INSTRUCTIONS: Readonly<Record<string, Apply>> = {
  CMD: (config, { rest }, given) => {
    config.Cmd = commandOf(rest, config.Shell);
    given.command = true;
  },
  ENTRYPOINT: (config, { rest }, given) => {
    const words = commandOf(rest, config.Shell);
    config.Entrypoint = words.length === 0 ? null : words;
    // A command that was meant for another entrypoint goes.
    if (!given.command) config.Cmd = null;
  },
  ENV: (config, instruction) => {
    for (const [name, value] of pairs(config, instruction)) {
      const others = (config.Env ?? []).map((entry) => (entry.startsWith(`${name}=`) ? undefined : entry));
      const at = others.indexOf(undefined);
      config.Env = (config.Env ?? []).slice();
      if (at === -1) config.Env.push(`${name}=${value}`);
      else config.Env[at] = `${name}=${value}`;
    }
  },
  EXPOSE: (config, instruction) => {
    for (const word of some(config, instruction)) {
      for (const port of exposedPorts(word)) (config.ExposedPorts ??= {})[port] = {};
    }
  },
  HEALTHCHECK: (config, { rest }) => {
    config.Healthcheck = healthcheckOf(rest);
  },
  LABEL: (config, instruction) => {
    for (const [name, value] of pairs(config, instruction)) (config.Labels ??= {})[name] = value;
  },
  ONBUILD: (config, { rest }) => {
    const [trigger = ''] = splitWords(rest);
    if (trigger === '') throw invalid('ONBUILD requires at least one argument');
    if (trigger.toUpperCase() === 'ONBUILD') {
      throw invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    }
    if (/^(?:MAINTAINER|FROM)$/i.test(trigger)) {
      throw invalid(`${trigger.toUpperCase()} isn't allowed as an ONBUILD trigger`);
    }
    (config.OnBuild ??= []).push(rest);
  },
  STOPSIGNAL: (config, instruction) => {
    config.StopSignal = one(config, instruction);
  },
  USER: (config, instruction) => {
    config.User = one(config, instruction);
  },
  VOLUME: (config, instruction) => {
    for (const path of some(config, instruction)) {
      if (path.trim() === '') throw invalid('VOLUME specified can not be an empty string');
      (config.Volumes ??= {})[path] = {};
    }
  },
  WORKDIR: (config, instruction) => {
    const path = one(config, instruction);
    const absolute = path.startsWith('/') ? path : `${config.WorkingDir ?? ''}/${path}`;
    const parts: string[] = [];
    for (const part of absolute.split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '' && part !== '.') parts.push(part);
    }
    config.WorkingDir = `/${parts.join('/')}`;
  },
};

function environmentOf({ Env = [] }: ChangedConfig): ReadonlyMap<string, string> {
  return new Map(
    Env.map((entry) => {
      const equals = entry.indexOf('=');
      return equals === -1 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}

/** `NAME=VALUE NAME=VALUE`, or `NAME the rest of the line`. */
function pairs(config: ChangedConfig, { name, rest }: Instruction): [string, string][] {
  const environment = environmentOf(config);
  const words = splitWords(rest);
  const [first = ''] = words;
  if (first === '') throw invalid(`${name} requires at least one argument`);
  if (!first.includes('=')) {
    const value = rest.slice(first.length).trimStart();
    if (value === '') throw invalid(`${name} must have two arguments`);
    return [[expandWord(first, environment), expandWord(value, environment)]];
  }
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals === -1) {
      throw invalid(`Syntax error - can't find = in "${word}". Must be of the form: name=value`);
    }
    const key = expandWord(word.slice(0, equals), environment);
    if (key === '') throw invalid(`${name} names can not be blank`);
    return [key, expandWord(word.slice(equals + 1), environment)];
  });
}

function some(config: ChangedConfig, { name, rest }: Instruction): string[] {
  const words = jsonWords(rest) ?? splitWords(rest);
  if (words.length === 0) throw invalid(`${name} requires at least one argument`);
  return words.map((word) => expandWord(word, environmentOf(config)));
}

function one(config: ChangedConfig, { name, rest }: Instruction): string {
  if (rest === '') throw invalid(`${name} requires exactly one argument`);
  return expandWord(rest, environmentOf(config));
}
