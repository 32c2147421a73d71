/** Certificates that one text may hold: a list of all authorities that browsers know has fewer than half as many. */
const MAX_CERTIFICATES = 512;
const BEGIN_CERTIFICATE = '-----BEGIN CERTIFICATE-----';
const END_CERTIFICATE = '-----END CERTIFICATE-----';

/**
 * The certificates of a text, each with its marks as they stand there; what is between them is skipped. The text is gone
 * through once. Throws Error for more than 512, each of which takes time to read.
 */
export function certificateTexts(pem: string): string[] {
  const out: string[] = [];
  for (let begin = pem.indexOf(BEGIN_CERTIFICATE); begin >= 0; ) {
    const end = pem.indexOf(END_CERTIFICATE, begin);
    if (end < 0) break;
    if (out.length === MAX_CERTIFICATES) throw new Error(`more than ${MAX_CERTIFICATES} certificates`);
    const behind = end + END_CERTIFICATE.length;
    out.push(pem.slice(begin, behind));
    begin = pem.indexOf(BEGIN_CERTIFICATE, behind);
  }
  return out;
}

/** One block of a text in PEM. */
export interface PemBlock {
  /** What stands behind BEGIN. */
  readonly type: string;
  /** Lines such as `Proc-Type: 4,ENCRYPTED` come first. */
  readonly hasHeaders: boolean;
  readonly der: Buffer;
}

const BEGIN = '-----BEGIN ';
const END = '-----END ';
const DASHES = '-----';
/** Characters of the longest label that is looked at. */
const MAX_LABEL = 256;
const HEADER = /^[A-Za-z0-9-]+:/;

/** The label behind a mark; undefined when its line does not end as it should. */
function labelAt(text: string, at: number): string | undefined {
  const rest = text.slice(at, at + MAX_LABEL);
  const lineEnd = rest.indexOf('\n');
  const line = (lineEnd < 0 ? rest : rest.slice(0, lineEnd)).trimEnd();
  return line.endsWith(DASHES) ? line.slice(0, -DASHES.length) : undefined;
}

/**
 * The blocks of a text, as Go's encoding/pem finds them. It comes from clients: the text is gone through once, whatever
 * is in it. What begins and does not end as what it began as is skipped.
 */
export function pemBlocks(text: string): PemBlock[] {
  const out: PemBlock[] = [];
  let end = -1;
  let endLabel: string | undefined;
  let begin = text.indexOf(BEGIN);
  while (begin >= 0) {
    if (end < begin) {
      end = text.indexOf(END, begin);
      if (end < 0) break;
      endLabel = labelAt(text, end + END.length);
    }
    const type = labelAt(text, begin + BEGIN.length);
    const isWhole = type !== undefined && type === endLabel;
    if (isWhole) {
      const lines = text.slice(begin, end).split('\n').slice(1);
      const body = lines.filter((line) => !line.includes(':')).join('');
      const hasHeaders = HEADER.test(lines[0] ?? '');
      out.push({ type, hasHeaders, der: Buffer.from(body, 'base64') });
    }
    begin = text.indexOf(BEGIN, isWhole ? end : begin + 1);
  }
  return out;
}
