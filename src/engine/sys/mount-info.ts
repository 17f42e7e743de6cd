export interface MountInfo {
  /** Below the root of the process whose mounts these are. */
  readonly point: string;
  /** Of the filesystem. */
  readonly type: string;
}

/** The lines of a /proc/PID/mountinfo (proc_pid_mountinfo(5)), in the order of mounting; octal escapes decoded. */
export function parseMountInfo(text: string): MountInfo[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.split(' ');
    const [point, type] = [fields[4], fields[fields.indexOf('-', 6) + 1]];
    return point === undefined || type === undefined ? [] : [{ point: unescape(point), type }];
  });
}

function unescape(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
