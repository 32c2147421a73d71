import { type Command, Option } from 'commander';
import { yamlOf } from '../../internal/bootstrap/kubeadm-config.js';
import { VERSION } from '../../internal/server/version.js';
import { kubernetesVersion, versionText } from './version-text.js';

/** `quorate version`, in kubeadm's forms. */
export function addVersionCommand(program: Command): void {
  program
    .command('version')
    .description('Print the version.')
    .addOption(new Option('-o, --output <form>', 'short, yaml or json').choices(['short', 'yaml', 'json']))
    .action(({ output }: { output?: 'short' | 'yaml' | 'json' }) => {
      const info = { clientVersion: { ...VERSION } };
      const texts = {
        short: () => `${kubernetesVersion()}\n`,
        yaml: () => yamlOf(info),
        json: () => `${JSON.stringify(info, undefined, 2)}\n`,
      };
      process.stdout.write(output === undefined ? `${versionText()}\n` : texts[output]());
    });
}
