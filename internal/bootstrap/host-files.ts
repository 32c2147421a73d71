/** Files for programs of the machine that know nothing of Kubernetes: systemd and keepalived. */

/** A word of a command in a unit file (systemd.service(5), "Command lines"). */
function unitWord(text: string): string {
  const escaped = text.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w@%+=:,./[\]$-]+$/.test(escaped)
    ? escaped
    : `"${escaped.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** The systemd unit of a replica; `command` begins with an absolute path. */
export function systemdUnit(command: readonly string[]): string {
  return `# Written by quorate init and join: edits are lost with the next one.
[Unit]
Description=Quorate: Kubernetes API server with its replicated store
Documentation=https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=${command.map(unitWord).join(' \\\n  ')}
Restart=always
RestartSec=2
# Answers on their way may take 10 s, and the state is written behind them.
TimeoutStopSec=40
KillMode=mixed
LimitNOFILE=1048576
OOMScoreAdjust=-900

[Install]
WantedBy=multi-user.target
`;
}

/** What keepalived needs to move an address between the machines of a control plane. */
export interface KeepalivedOptions {
  readonly address: string;
  readonly interfaceName: string;
  /** 1 to 255; the highest that is healthy has the address. */
  readonly priority: number;
  /** Where the balancer listens on this machine. */
  readonly port: number;
}

/** keepalived's configuration: the address stays where HAProxy answers. */
export function keepalivedConfig({ address, interfaceName, priority, port }: KeepalivedOptions): string {
  return `# Written by quorate: edits are lost with the next one.
global_defs {
  router_id QUORATE
  script_user nobody
  enable_script_security
}

vrrp_script balancer {
  # Whether something takes connections at the balancer's port; what is behind it, HAProxy watches itself.
  script "/bin/bash -c '</dev/tcp/127.0.0.1/${port}'"
  interval 2
  timeout 2
  fall 2
  rise 2
}

vrrp_instance kubernetes {
  # Nobody gives the address back for a higher priority alone: each move breaks connections.
  state BACKUP
  nopreempt
  interface ${interfaceName}
  virtual_router_id 51
  priority ${priority}
  advert_int 1
  virtual_ipaddress {
    ${address}
  }
  track_script {
    balancer
  }
}
`;
}
