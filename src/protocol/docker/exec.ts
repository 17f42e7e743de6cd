import * as z from 'zod';

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);
const consoleSize = z
  .tuple([z.int(), z.int()])
  .nullish()
  .transform((value): [number, number] => value ?? [0, 0]);

/** Body of `POST /containers/{id}/exec` (Docker Engine API v1.51, ExecConfig). */
export const execConfig = z.object({
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  ConsoleSize: consoleSize,
  DetachKeys: text,
  Tty: flag,
  Env: z
    .array(z.string())
    .nullish()
    .transform((value) => value ?? []),
  Cmd: z
    .array(z.string())
    .nullish()
    .transform((value) => value ?? []),
  Privileged: flag,
  User: text,
  WorkingDir: text,
});
export type ExecConfig = z.output<typeof execConfig>;

/** Body of `POST /exec/{id}/start` (ExecStartConfig). */
export const execStartConfig = z.object({ Detach: flag, Tty: flag, ConsoleSize: consoleSize });
