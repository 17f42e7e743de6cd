import { messageOf } from '../../../core/errors.ts';
import { FUNCTIONS } from './functions.ts';
import { templateError } from './lex.ts';
import { parseTemplate, type Expression, type Node, type Pipeline } from './parse.ts';
import { goString, isTrue } from './values.ts';

export interface TemplateOptions {
  /** What a missing key is: an error as in `docker inspect`, or `<no value>` as in Go's default. */
  readonly missing: 'error' | 'no value';
}

/** What a row offers to be called, as `{{.Label "key"}}`. */
type Method = (...values: readonly unknown[]) => unknown;

class LoopSignal extends Error {
  readonly kind: 'break' | 'continue';
  constructor(kind: 'break' | 'continue') {
    super(kind);
    this.kind = kind;
  }
}

/**
 * Compiles a template once; the result renders a value. Escapes `\t` and `\n` written literally in the template stand
 * for tab and newline, as in docker's CLI.
 * @throws WherryError TEMPLATE_INVALID
 */
export function compileTemplate(
  source: string,
  options: TemplateOptions = { missing: 'no value' },
): (data: unknown) => string {
  const text = source.replaceAll(String.raw`\t`, '\t').replaceAll(String.raw`\n`, '\n');
  const nodes = parseTemplate(text);
  return (data) => {
    try {
      return new Execution(data, options).render(nodes, data);
    } catch (error) {
      if (error instanceof LoopSignal) throw templateError(source, `{{${error.kind}}} outside {{range}}`);
      if (error instanceof TypeError || error instanceof RangeError)
        throw templateError(source, messageOf(error));
      throw error;
    }
  };
}

class Execution {
  readonly #options: TemplateOptions;
  #scopes: Map<string, unknown>[];

  constructor(root: unknown, options: TemplateOptions) {
    this.#options = options;
    this.#scopes = [new Map([['', root]])];
  }

  render(nodes: readonly Node[], dot: unknown): string {
    return nodes.map((node) => this.#node(node, dot)).join('');
  }

  #node(node: Node, dot: unknown): string {
    switch (node.kind) {
      case 'text':
        return node.value;
      case 'output': {
        const value = this.#pipeline(node.pipeline, dot);
        return node.pipeline.declares.length > 0 ? '' : goString(value);
      }
      case 'if':
      case 'with':
        return this.#scoped(() => {
          const value = this.#pipeline(node.pipeline, dot);
          if (!isTrue(value)) return this.render(node.otherwise, dot);
          return this.render(node.body, node.kind === 'with' ? value : dot);
        });
      case 'range':
        return this.#range(node, dot);
      case 'break':
      case 'continue':
        throw new LoopSignal(node.kind);
    }
  }

  #range(node: Extract<Node, { kind: 'range' | 'if' | 'with' }>, dot: unknown): string {
    const value = this.#pipeline({ ...node.pipeline, declares: [] }, dot);
    const items: (readonly [unknown, unknown])[] = Array.isArray(value)
      ? value.map((item: unknown, position) => [position, item] as const)
      : Object.entries(value ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    if (items.length === 0) return this.render(node.otherwise, dot);
    let output = '';
    for (const [key, item] of items) {
      try {
        output += this.#scoped(() => {
          const [first, second] = node.pipeline.declares;
          if (second !== undefined) this.#declare(second, item);
          if (first !== undefined) this.#declare(first, second === undefined ? item : key);
          return this.render(node.body, item);
        });
      } catch (error) {
        if (!(error instanceof LoopSignal)) throw error;
        if (error.kind === 'break') break;
      }
    }
    return output;
  }

  #pipeline(pipeline: Pipeline, dot: unknown): unknown {
    let value: unknown;
    pipeline.stages.forEach((stage, position) => {
      value = this.#command(stage, dot, position === 0 ? [] : [value]);
    });
    const [name] = pipeline.declares;
    if (name !== undefined) {
      if (pipeline.assigns) this.#assign(name, value);
      else this.#declare(name, value);
    }
    return value;
  }

  #command(stage: readonly Expression[], dot: unknown, piped: readonly unknown[]): unknown {
    const [head, ...rest] = stage;
    if (head?.kind === 'function') {
      const call = FUNCTIONS[head.name];
      if (!call) throw new TypeError(`function "${head.name}" not defined`);
      return call(...rest.map((argument) => this.#value(argument, dot)), ...piped);
    }
    const value = head === undefined ? undefined : this.#value(head, dot);
    if (typeof value === 'function') {
      return (value as Method)(...rest.map((argument) => this.#value(argument, dot)), ...piped);
    }
    if (head === undefined || rest.length > 0 || piped.length > 0) {
      throw new TypeError("can't give argument to non-function");
    }
    return value;
  }

  #value(expression: Expression, dot: unknown): unknown {
    switch (expression.kind) {
      case 'literal':
        return expression.value;
      case 'function':
        return this.#command([expression], dot, []);
      case 'dot':
        return this.#fields(dot, expression.path);
      case 'variable':
        return this.#fields(this.#variable(expression.name), expression.path);
      case 'group':
        return this.#fields(this.#pipeline(expression.pipeline, dot), expression.path);
    }
  }

  #fields(start: unknown, path: readonly string[]): unknown {
    return path.reduce((value: unknown, name) => {
      if (typeof value !== 'object' || value === null) {
        if (this.#options.missing === 'error') {
          throw new TypeError(
            `executing "" at <.${path.join('.')}>: nil pointer evaluating interface {}.${name}`,
          );
        }
        return undefined;
      }
      if (Object.hasOwn(value, name)) return (value as Record<string, unknown>)[name];
      if (this.#options.missing === 'error') {
        throw new TypeError(`executing "" at <.${path.join('.')}>: map has no entry for key "${name}"`);
      }
      return undefined;
    }, start);
  }

  #scoped<T>(body: () => T): T {
    const saved = this.#scopes;
    this.#scopes = [...saved, new Map()];
    try {
      return body();
    } finally {
      this.#scopes = saved;
    }
  }

  #declare(name: string, value: unknown): void {
    this.#scopes.at(-1)?.set(name, value);
  }

  #assign(name: string, value: unknown): void {
    const scope = this.#scopes.findLast((candidate) => candidate.has(name));
    if (!scope) throw new TypeError(`undefined variable "$${name}"`);
    scope.set(name, value);
  }

  #variable(name: string): unknown {
    const scope = this.#scopes.findLast((candidate) => candidate.has(name));
    if (!scope) throw new TypeError(`undefined variable "$${name}"`);
    return scope.get(name);
  }
}
