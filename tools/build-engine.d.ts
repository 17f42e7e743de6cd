import type { BuildOptions, BuildResult } from 'esbuild';

export const ENGINE_FLAGS: readonly string[];
export function buildEngine(root: string, extra?: BuildOptions): Promise<BuildResult>;
export function compileEngine(root: string): void;
