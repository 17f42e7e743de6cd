/**
 * As much of a DNS message (RFC 1035 §4) as answering names of containers takes: its header and its one question.
 * Everything else is passed on as bytes, unread. Nothing here follows a compression pointer, and every read is bounded
 * by the message.
 */
export interface Query {
  readonly id: number;
  /** Lower case, without the final dot; the root is ''. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** Offset of the first byte after the question. */
  readonly end: number;
}

export const TYPE = { A: 1, PTR: 12, AAAA: 28 } as const;
export const RCODE = { OK: 0, FORMAT: 1, SERVER_FAILURE: 2, NOT_IMPLEMENTED: 4 } as const;
const CLASS_IN = 1;
const HEADER = 12;
const FLAG_RESPONSE = 0x8000;
const FLAG_AUTHORITATIVE = 0x0400;
const FLAG_TRUNCATED = 0x0200;
const FLAG_RECURSION_DESIRED = 0x0100;
const FLAG_RECURSION_AVAILABLE = 0x0080;
const OPCODE = 0x7800;

/** The question of a message that asks exactly one, the standard way; undefined for anything else. */
export function parseQuery(message: Buffer): Query | undefined {
  if (message.length < HEADER) return undefined;
  const flags = message.readUInt16BE(2);
  if ((flags & (FLAG_RESPONSE | OPCODE)) !== 0 || message.readUInt16BE(4) !== 1) return undefined;
  return parseQuestion(message);
}

function parseQuestion(message: Buffer): Query | undefined {
  const labels: string[] = [];
  let offset = HEADER;
  for (;;) {
    const size = message[offset];
    if (size === undefined || size > 63) return undefined;
    offset += 1;
    if (size === 0) break;
    if (offset + size > message.length || offset - HEADER + size > 255) return undefined;
    labels.push(message.toString('latin1', offset, offset + size).toLowerCase());
    offset += size;
  }
  if (offset + 4 > message.length) return undefined;
  return {
    id: message.readUInt16BE(0),
    name: labels.join('.'),
    type: message.readUInt16BE(offset),
    class: message.readUInt16BE(offset + 2),
    end: offset + 4,
  };
}

/** Whether `answer` is a response to `query`: the same id and the same question, byte for byte but for case. */
export function answers(query: Query, answer: Buffer): boolean {
  if (answer.length < HEADER || (answer.readUInt16BE(2) & FLAG_RESPONSE) === 0) return false;
  if (answer.readUInt16BE(0) !== query.id) return false;
  if (answer.readUInt16BE(4) === 0) return true;
  const other = parseQuestion(answer);
  return other !== undefined && other.name === query.name && other.type === query.type;
}

/** Short: containers come and go. */
const TTL_SECONDS = 5;
/** Names in answers point at the question's name, which starts at byte 12. */
const QUESTION_POINTER = 0xc00c;

/** Whether a query is one that {@link addressAnswer} and {@link nameAnswer} can answer. */
export function isInternet(query: Query): boolean {
  return query.class === CLASS_IN;
}

/**
 * An authoritative answer with those of these addresses that are of the type that was asked for; with none, "the name
 * exists, nothing of that type".
 */
export function addressAnswer(message: Buffer, query: Query, addresses: readonly Buffer[]): Buffer {
  const size = { [TYPE.A]: 4, [TYPE.AAAA]: 16 }[query.type];
  const fitting = addresses.filter(({ length }) => length === size);
  return reply(message, query, RCODE.OK, fitting, query.type);
}

/** An authoritative answer to a PTR question. */
export function nameAnswer(message: Buffer, query: Query, name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from(label, 'latin1').subarray(0, 63));
  const encoded = Buffer.concat([
    ...labels.flatMap((label) => [Buffer.from([label.length]), label]),
    Buffer.from([0]),
  ]);
  return reply(message, query, RCODE.OK, [encoded], TYPE.PTR);
}

/** An answer that says what went wrong. Works for messages that couldn't be parsed, as long as they have a header. */
export function errorAnswer(message: Buffer, query: Query | undefined, code: number): Buffer {
  return reply(message, query, code, [], TYPE.A);
}

function reply(
  message: Buffer,
  query: Query | undefined,
  code: number,
  data: readonly Buffer[],
  type: number,
): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt16BE(message.readUInt16BE(0), 0);
  const kept = message.readUInt16BE(2) & (OPCODE | FLAG_RECURSION_DESIRED);
  const authoritative = code === RCODE.OK ? FLAG_AUTHORITATIVE : 0;
  header.writeUInt16BE(FLAG_RESPONSE | FLAG_RECURSION_AVAILABLE | authoritative | kept | code, 2);
  header.writeUInt16BE(query === undefined ? 0 : 1, 4);
  header.writeUInt16BE(data.length, 6);
  const records = data.map((bytes) => {
    const record = Buffer.alloc(12 + bytes.length);
    record.writeUInt16BE(QUESTION_POINTER, 0);
    record.writeUInt16BE(type, 2);
    record.writeUInt16BE(CLASS_IN, 4);
    record.writeUInt32BE(TTL_SECONDS, 6);
    record.writeUInt16BE(bytes.length, 10);
    record.set(bytes, 12);
    return record;
  });
  return Buffer.concat([
    header,
    query === undefined ? Buffer.alloc(0) : message.subarray(HEADER, query.end),
    ...records,
  ]);
}

/** Without EDNS a UDP answer has at most 512 bytes (RFC 1035 §2.3.4): cut to the question, marked as truncated. */
export function fitUdp(answer: Buffer, query: Query): Buffer {
  if (answer.length <= 512) return answer;
  const cut = Buffer.from(answer.subarray(0, query.end));
  cut.writeUInt16BE(cut.readUInt16BE(2) | FLAG_TRUNCATED, 2);
  cut.writeUInt16BE(0, 6);
  cut.writeUInt16BE(0, 8);
  cut.writeUInt16BE(0, 10);
  return cut;
}
