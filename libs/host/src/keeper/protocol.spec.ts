import { describe, expect, it } from 'vitest';
import { ByteWriter } from './bytes.ts';
import { decodeAnswer, encodeExec, encodeMessage, messageType } from './protocol.ts';

const header = (type: number, seq: number): ByteWriter => new ByteWriter().u16(type).u16(0).u32(seq);

describe("the keeper's answers", () => {
  it('are read field by field', () => {
    const failed = header(66, 3).text('mount').text('fsopen').u32(19).text('/x').done();
    expect(decodeAnswer(failed)).toEqual({ type: 'failed', seq: 3, stage: 'mount', syscall: 'fsopen', errno: 19, path: '/x' });
    const running = header(65, 4).u32(1).text('id').u32(77).u64(1700000000000n).u32(2).done();
    expect(decodeAnswer(running)).toEqual({
      type: 'running',
      seq: 4,
      version: 1,
      info: { id: 'id', initPid: 77, startedAt: 1700000000000, reboots: 2 },
    });
    const ended = header(82, 0).u8(3).u32(1).u64(5n).text('why').done();
    expect(decodeAnswer(ended)).toEqual({ type: 'ended', seq: 0, end: { reason: 'reboot-failed', status: 1, endedAt: 5, detail: 'why' } });
  });

  it('are refused when cut off or unknown', () => {
    const failed = header(66, 3).text('mount').done();
    expect(() => decodeAnswer(failed)).toThrow(RangeError);
    expect(() => decodeAnswer(failed.subarray(0, failed.length - 2))).toThrow(RangeError);
    expect(() => decodeAnswer(header(999, 1).done())).toThrow('unknown message 999');
  });
});

describe('requests', () => {
  it('carry their type and seq', () => {
    expect(encodeMessage(messageType.kill, 258).toString('hex')).toBe('1200000002010000');
  });

  it('hold an exec without a terminal', () => {
    const body = encodeExec({ argv: ['a'], env: [], cwd: '/', uid: 1, gid: 2, stdio: { terminal: false, stdin: 0, stdout: 1, stderr: 2 } });
    expect(body.toString('hex')).toBe('01000000010000006100000000000100' + '00002f00' + '0100000002000000' + '00' + '0000' + '0000');
  });
});
