import { expect } from 'chai';
import {
  RCODE,
  TYPE,
  addressAnswer,
  answers,
  errorAnswer,
  fitUdp,
  nameAnswer,
  parseQuery,
} from '../../../../src/engine/networks/dns/message.ts';

/** A question as `dig` would ask it: id 0x1234, recursion desired, class IN. */
function question(name: string, type: number, extra = ''): Buffer {
  const labels = name.split('.').flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]);
  return Buffer.concat([
    Buffer.from('123401000001000000000000', 'hex'),
    ...labels,
    Buffer.from([0, type >> 8, type & 255, 0, 1]),
    Buffer.from(extra, 'hex'),
  ]);
}

const reply = (message: Buffer): Buffer => errorAnswer(message, parseQuery(message), RCODE.OK);

describe('DNS messages', () => {
  it('parses a question, in lower case', () => {
    const message = question('DB.Example', TYPE.A);
    expect(parseQuery(message)).to.deep.equal({ id: 0x1234, name: 'db.example', type: 1, class: 1, end: 28 });
  });

  it('answers with addresses (bytes by RFC 1035 §4.1)', () => {
    const message = question('db', TYPE.A, '0000291000000000000000');
    const query = parseQuery(message);
    if (query === undefined) throw new Error('not parsed');
    expect(addressAnswer(message, query, [Buffer.from([172, 17, 0, 2])]).toString('hex')).to.equal(
      [
        '1234',
        '8580',
        '0001000100000000',
        '026462000001',
        '0001',
        'c00c0001000100000005',
        '0004',
        'ac110002',
      ].join(''),
    );
  });

  it('says that a name has nothing of another type', () => {
    const message = question('db', TYPE.AAAA);
    const query = parseQuery(message);
    if (query === undefined) throw new Error('not parsed');
    const answer = addressAnswer(message, query, [Buffer.from([172, 17, 0, 2])]);
    expect(answer.readUInt16BE(6)).to.equal(0);
    expect(answer.readUInt16BE(2) & 15).to.equal(RCODE.OK);
  });

  it('answers for an address with its name', () => {
    const message = question('2.0.17.172.in-addr.arpa', TYPE.PTR);
    const query = parseQuery(message);
    if (query === undefined) throw new Error('not parsed');
    expect(nameAnswer(message, query, 'db.x').toString('hex')).to.match(
      /c00c000c0001000000050006026462017800$/,
    );
  });

  it('cuts what does not fit into a datagram', () => {
    const message = question('db', TYPE.A);
    const query = parseQuery(message);
    if (query === undefined) throw new Error('not parsed');
    const answer = fitUdp(
      addressAnswer(
        message,
        query,
        Array.from({ length: 60 }, () => Buffer.alloc(4)),
      ),
      query,
    );
    expect(answer.length).to.equal(query.end);
    expect(answer.readUInt16BE(2) & 0x0200).to.equal(0x0200);
    expect(answer.readUInt16BE(6)).to.equal(0);
  });

  it('takes an answer only for its own question', () => {
    const query = parseQuery(question('db', TYPE.A));
    if (query === undefined) throw new Error('not parsed');
    expect(answers(query, reply(question('DB', TYPE.A)))).to.equal(true);
    expect(answers(query, reply(question('dc', TYPE.A)))).to.equal(false);
    expect(answers(query, question('db', TYPE.A))).to.equal(false);
    const other = reply(question('db', TYPE.A));
    other.writeUInt16BE(0x4321, 0);
    expect(answers(query, other)).to.equal(false);
  });

  it('refuses responses, several questions, pointers, long names, and everything cut short', () => {
    const whole = question('some.name.example', TYPE.A);
    for (let size = 0; size < whole.length; size += 1) {
      expect(parseQuery(whole.subarray(0, size)), `${size} bytes`).to.equal(undefined);
    }
    const changed = (offset: number, value: number): Buffer => {
      const copy = Buffer.from(whole);
      copy.writeUInt16BE(value, offset);
      return copy;
    };
    expect(parseQuery(changed(2, 0x8100))).to.equal(undefined);
    expect(parseQuery(changed(4, 2))).to.equal(undefined);
    expect(parseQuery(changed(12, 0xc00c))).to.equal(undefined);
    expect(parseQuery(question(Array.from({ length: 9 }, () => 'x'.repeat(40)).join('.'), TYPE.A))).to.equal(
      undefined,
    );
  });

  it('survives noise', () => {
    let seed = 42;
    const random = (): number => (seed = (seed * 1103515245 + 12345) & 0x7fffffff);
    for (let round = 0; round < 2000; round += 1) {
      const noise = question('some.name', TYPE.A);
      for (let flips = random() % 8; flips > 0; flips -= 1) noise[random() % noise.length] = random() % 256;
      const cut = noise.subarray(0, random() % (noise.length + 1));
      const query = parseQuery(cut);
      if (query !== undefined) expect(query.end).to.be.at.most(cut.length);
      answers({ id: 0x1234, name: 'some.name', type: 1, class: 1, end: 0 }, cut);
    }
  });
});
