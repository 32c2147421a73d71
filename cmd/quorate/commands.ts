import type { Command } from 'commander';
import { addArchiveCommands } from './archive-commands.js';
import { addCertsCommands } from './certs-commands.js';
import { addClusterCommands } from './cluster-commands.js';
import { addConfigCommands } from './config-commands.js';
import { addInitCommands } from './init-commands.js';
import { addJoinCommands } from './join-commands.js';
import { addMemberCommands } from './member-commands.js';
import { addKubeconfigCommand, addPkiCommand } from './pki-commands.js';
import { addSnapshotCommands } from './snapshot-commands.js';
import { addTokenCommands } from './token-commands.js';
import { addVersionCommand } from './version-command.js';

/** Adds every command but `serve`, in the order in which help names them. */
export function addCommands(program: Command): void {
  addVersionCommand(program);
  addInitCommands(program);
  addJoinCommands(program);
  addTokenCommands(program);
  addCertsCommands(program);
  addSnapshotCommands(program);
  addArchiveCommands(program);
  addConfigCommands(program);
  addPkiCommand(program);
  addKubeconfigCommand(program);
  addClusterCommands(program);
  addMemberCommands(program);
}
