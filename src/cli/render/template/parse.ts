import { lex, templateError, type Token } from './lex.ts';

/** An operand or a call. `path` holds the fields chained behind it. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'dot'; readonly path: readonly string[] }
  | { readonly kind: 'variable'; readonly name: string; readonly path: readonly string[] }
  | { readonly kind: 'group'; readonly pipeline: Pipeline; readonly path: readonly string[] }
  | { readonly kind: 'function'; readonly name: string };

/** `a | b x`: each stage is an operand with its arguments; a stage's result is the next one's last argument. */
export interface Pipeline {
  readonly declares: readonly string[];
  readonly assigns: boolean;
  readonly stages: readonly (readonly Expression[])[];
}

export type Node =
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'output'; readonly pipeline: Pipeline }
  | {
      readonly kind: 'if' | 'with' | 'range';
      readonly pipeline: Pipeline;
      readonly body: Node[];
      readonly otherwise: Node[];
    }
  | { readonly kind: 'break' | 'continue' };

/**
 * Parses the part of Go's text/template that docker's `--format` users write: fields, pipelines, variables, if, else,
 * else if, with, range, break, continue. Templates within templates (`define`, `template`, `block`) are refused.
 * @throws WherryError TEMPLATE_INVALID
 */
export function parseTemplate(source: string): Node[] {
  const parser = new Parser(source);
  const nodes = parser.nodes(false);
  parser.expectEnd();
  return nodes;
}

class Parser {
  readonly #source: string;
  readonly #tokens: Token[];
  #at = 0;

  constructor(source: string) {
    this.#source = source;
    this.#tokens = lex(source);
  }

  expectEnd(): void {
    if (this.#at < this.#tokens.length) throw this.#error('unexpected {{end}}');
  }

  /** Nodes up to the end, or (inside a block) up to `{{end}}` or `{{else`, which stay unread. */
  nodes(inBlock: boolean): Node[] {
    const result: Node[] = [];
    for (;;) {
      const token = this.#peek();
      if (token === undefined) {
        if (inBlock) throw this.#error('unexpected EOF');
        return result;
      }
      if (token.kind === 'text') {
        this.#at += 1;
        result.push(token);
        continue;
      }
      const next = this.#tokens[this.#at + 1];
      if (next?.kind === 'word' && (next.name === 'end' || next.name === 'else')) return result;
      this.#expect('open');
      result.push(this.#action());
    }
  }

  #action(): Node {
    const token = this.#peek();
    if (token?.kind === 'word') {
      if (token.name === 'if' || token.name === 'with' || token.name === 'range') {
        this.#at += 1;
        return this.#block(token.name);
      }
      if (token.name === 'break' || token.name === 'continue') {
        this.#at += 1;
        this.#expect('close');
        return { kind: token.name };
      }
      if (['define', 'template', 'block'].includes(token.name)) {
        throw this.#error(`{{${token.name}}} is not supported`);
      }
    }
    const pipeline = this.#pipeline();
    this.#expect('close');
    return { kind: 'output', pipeline };
  }

  #block(kind: 'if' | 'with' | 'range'): Node {
    const pipeline = this.#pipeline();
    this.#expect('close');
    const body = this.nodes(true);
    let otherwise: Node[] = [];
    this.#expect('open');
    if (this.#word('else')) {
      const nested = this.#peek();
      if (nested?.kind === 'word' && (nested.name === 'if' || nested.name === 'with')) {
        this.#at += 1;
        return { kind, pipeline, body, otherwise: [this.#block(nested.name)] };
      }
      this.#expect('close');
      otherwise = this.nodes(true);
      this.#expect('open');
    }
    if (!this.#word('end')) throw this.#error('expected {{end}}');
    this.#expect('close');
    return { kind, pipeline, body, otherwise };
  }

  #pipeline(): Pipeline {
    const { declares, assigns } = this.#declarations();
    const stages: Expression[][] = [];
    for (;;) {
      const stage: Expression[] = [];
      for (let operand = this.#operand(); operand; operand = this.#operand()) stage.push(operand);
      if (stage.length === 0) throw this.#error('missing value for command');
      stages.push(stage);
      if (this.#peek()?.kind !== 'pipe') return { declares, assigns, stages };
      this.#at += 1;
    }
  }

  #declarations(): { declares: string[]; assigns: boolean } {
    const start = this.#at;
    const declares: string[] = [];
    for (let token = this.#peek(); token?.kind === 'variable'; token = this.#peek()) {
      declares.push(token.name);
      this.#at += 1;
      const separator = this.#peek()?.kind;
      if (separator === 'declare' || separator === 'assign') {
        this.#at += 1;
        return { declares, assigns: separator === 'assign' };
      }
      if (separator !== 'comma') break;
      this.#at += 1;
    }
    this.#at = start;
    return { declares: [], assigns: false };
  }

  #operand(): Expression | undefined {
    const token = this.#peek();
    switch (token?.kind) {
      case 'string':
      case 'number':
        this.#at += 1;
        return { kind: 'literal', value: token.value };
      case 'word':
        this.#at += 1;
        if (token.name === 'true' || token.name === 'false')
          return { kind: 'literal', value: token.name === 'true' };
        return token.name === 'nil'
          ? { kind: 'literal', value: null }
          : { kind: 'function', name: token.name };
      case 'dot':
        this.#at += 1;
        return { kind: 'dot', path: [] };
      case 'field':
        return { kind: 'dot', path: this.#path(true) };
      case 'variable':
        this.#at += 1;
        return { kind: 'variable', name: token.name, path: this.#path(false) };
      case 'lparen': {
        this.#at += 1;
        const pipeline = this.#pipeline();
        this.#expect('rparen');
        return { kind: 'group', pipeline, path: this.#path(false) };
      }
      default:
        return undefined;
    }
  }

  #path(first: boolean): string[] {
    const path: string[] = [];
    for (let token = this.#peek(); token?.kind === 'field'; token = this.#peek()) {
      if (token.spaceBefore && !(first && path.length === 0)) break;
      path.push(token.name);
      this.#at += 1;
    }
    return path;
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #word(name: string): boolean {
    const token = this.#peek();
    if (token?.kind !== 'word' || token.name !== name) return false;
    this.#at += 1;
    return true;
  }

  #expect(kind: Token['kind']): void {
    if (this.#peek()?.kind !== kind) throw this.#error(`unexpected token, expected ${kind}`);
    this.#at += 1;
  }

  #error(reason: string) {
    return templateError(this.#source, reason);
  }
}
