import { type Command, InvalidArgumentError, Option } from 'commander';
import { checkBool, isTrue } from './flags.js';
import { VERSION } from '../../internal/server/version.js';

const HELP = '--version, --version=raw prints version information and quits; no other version can be reported';
/** As kube-apiserver names itself there. */
const PROGRAM = 'Kubernetes';

function checked(text: string): string {
  if (text.startsWith('v')) throw new InvalidArgumentError('this server is always of one version');
  if (text !== 'raw') checkBool(text);
  return text;
}

/** Adds kube-apiserver's `--version`, and returns what it has to print; undefined where nothing is and the server starts. */
export function addVersionFlag(command: Command): () => string | undefined {
  let value = 'false';
  const option = new Option('--version [version]', HELP).preset('true');
  option.argParser((text: string) => {
    value = checked(text);
    return value;
  });
  command.addOption(option);
  return () => {
    if (value === 'raw') return `version.Info${JSON.stringify(VERSION)}\n`;
    return isTrue(value) ? `${PROGRAM} ${VERSION.gitVersion}\n` : undefined;
  };
}
