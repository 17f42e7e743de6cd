import { notImplemented } from '../../errors.ts';
import { bundleOf, logFileOf } from '../context.ts';
import type { ContainersContext } from '../context.ts';
import type { ContainerEntry } from '../registry.ts';
import { keepSmall } from './keep-small.ts';
import { logOptions } from './options.ts';
import type { LogSource } from './read.ts';

/** Where a container's log is read from. @throws EngineError notImplemented, in moby's words, where none is kept */
export function logSource(context: ContainersContext, entry: ContainerEntry): LogSource {
  const options = logOptions(entry.record.hostConfig.LogConfig);
  if (options.driver === 'none') {
    throw notImplemented('configured logging driver does not support reading');
  }
  return {
    file: logFileOf(context, entry.id),
    maxFiles: options.maxFiles,
    running: () => entry.state.status === 'running',
    onExit: (callback) => {
      entry.events.on('exit', callback);
      return () => void entry.events.off('exit', callback);
    },
  };
}

/** Rotates a running container's log, if it has a limit, until the container ends. @returns ends it before */
export function keepLogSmall(context: ContainersContext, entry: ContainerEntry): () => void {
  const options = logOptions(entry.record.hostConfig.LogConfig);
  if (options.driver === 'none' || options.maxSize === undefined) return () => undefined;
  const end = keepSmall({
    file: logFileOf(context, entry.id),
    maxSize: options.maxSize,
    maxFiles: options.maxFiles,
    bundle: bundleOf(context, entry.id),
    onError: context.onBackgroundError,
  });
  entry.events.once('exit', end);
  return end;
}
