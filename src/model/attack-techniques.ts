// MITRE ATT&CK (Enterprise, Linux and Containers): id, name and tactics of the techniques that rules here name. Ids and names are facts of attack.mitre.org.
// A rule may name one that is not here: it is shown by its id.

export const attackTactics = [
  "Reconnaissance",
  "Initial Access",
  "Execution",
  "Persistence",
  "Privilege Escalation",
  "Defense Evasion",
  "Credential Access",
  "Discovery",
  "Lateral Movement",
  "Collection",
  "Command and Control",
  "Exfiltration",
  "Impact",
] as const;
export type AttackTactic = (typeof attackTactics)[number];

export interface AttackTechnique {
  readonly id: string;
  readonly name: string;
  /** The first one is the usual one. */
  readonly tactics: readonly AttackTactic[];
}

type Row = readonly [id: string, name: string, ...tactics: AttackTactic[]];

const rows: readonly Row[] = [
  ["T1003", "OS Credential Dumping", "Credential Access"],
  ["T1003.007", "Proc Filesystem", "Credential Access"],
  ["T1003.008", "/etc/passwd and /etc/shadow", "Credential Access"],
  ["T1005", "Data from Local System", "Collection"],
  ["T1014", "Rootkit", "Defense Evasion"],
  ["T1016", "System Network Configuration Discovery", "Discovery"],
  ["T1018", "Remote System Discovery", "Discovery"],
  ["T1020", "Automated Exfiltration", "Exfiltration"],
  ["T1021", "Remote Services", "Lateral Movement"],
  ["T1021.004", "SSH", "Lateral Movement"],
  ["T1027", "Obfuscated Files or Information", "Defense Evasion"],
  ["T1033", "System Owner/User Discovery", "Discovery"],
  ["T1036", "Masquerading", "Defense Evasion"],
  ["T1036.003", "Rename System Utilities", "Defense Evasion"],
  ["T1036.005", "Match Legitimate Name or Location", "Defense Evasion"],
  ["T1040", "Network Sniffing", "Credential Access", "Discovery"],
  ["T1041", "Exfiltration Over C2 Channel", "Exfiltration"],
  ["T1046", "Network Service Discovery", "Discovery"],
  ["T1048", "Exfiltration Over Alternative Protocol", "Exfiltration"],
  ["T1049", "System Network Connections Discovery", "Discovery"],
  ["T1053", "Scheduled Task/Job", "Execution", "Persistence", "Privilege Escalation"],
  ["T1053.003", "Cron", "Execution", "Persistence", "Privilege Escalation"],
  ["T1053.007", "Container Orchestration Job", "Execution", "Persistence", "Privilege Escalation"],
  ["T1055", "Process Injection", "Defense Evasion", "Privilege Escalation"],
  ["T1055.008", "Ptrace System Calls", "Defense Evasion", "Privilege Escalation"],
  ["T1055.009", "Proc Memory", "Defense Evasion", "Privilege Escalation"],
  ["T1057", "Process Discovery", "Discovery"],
  ["T1059", "Command and Scripting Interpreter", "Execution"],
  ["T1059.004", "Unix Shell", "Execution"],
  ["T1059.006", "Python", "Execution"],
  ["T1068", "Exploitation for Privilege Escalation", "Privilege Escalation"],
  ["T1069", "Permission Groups Discovery", "Discovery"],
  ["T1070", "Indicator Removal", "Defense Evasion"],
  ["T1070.002", "Clear Linux or Mac System Logs", "Defense Evasion"],
  ["T1070.003", "Clear Command History", "Defense Evasion"],
  ["T1070.004", "File Deletion", "Defense Evasion"],
  ["T1070.006", "Timestomp", "Defense Evasion"],
  ["T1071", "Application Layer Protocol", "Command and Control"],
  ["T1071.001", "Web Protocols", "Command and Control"],
  ["T1071.004", "DNS", "Command and Control"],
  ["T1074", "Data Staged", "Collection"],
  ["T1078", "Valid Accounts", "Initial Access", "Persistence", "Privilege Escalation", "Defense Evasion"],
  ["T1078.001", "Default Accounts", "Initial Access", "Persistence", "Privilege Escalation", "Defense Evasion"],
  ["T1082", "System Information Discovery", "Discovery"],
  ["T1083", "File and Directory Discovery", "Discovery"],
  ["T1087", "Account Discovery", "Discovery"],
  ["T1090", "Proxy", "Command and Control"],
  ["T1095", "Non-Application Layer Protocol", "Command and Control"],
  ["T1098", "Account Manipulation", "Persistence", "Privilege Escalation"],
  ["T1098.004", "SSH Authorized Keys", "Persistence", "Privilege Escalation"],
  ["T1098.006", "Additional Container Cluster Roles", "Persistence", "Privilege Escalation"],
  ["T1105", "Ingress Tool Transfer", "Command and Control"],
  ["T1110", "Brute Force", "Credential Access"],
  ["T1133", "External Remote Services", "Initial Access", "Persistence"],
  ["T1136", "Create Account", "Persistence"],
  ["T1136.001", "Local Account", "Persistence"],
  ["T1140", "Deobfuscate/Decode Files or Information", "Defense Evasion"],
  ["T1190", "Exploit Public-Facing Application", "Initial Access"],
  ["T1195", "Supply Chain Compromise", "Initial Access"],
  ["T1203", "Exploitation for Client Execution", "Execution"],
  ["T1204", "User Execution", "Execution"],
  ["T1211", "Exploitation for Defense Evasion", "Defense Evasion"],
  ["T1212", "Exploitation for Credential Access", "Credential Access"],
  ["T1222", "File and Directory Permissions Modification", "Defense Evasion"],
  ["T1222.002", "Linux and Mac File and Directory Permissions Modification", "Defense Evasion"],
  ["T1485", "Data Destruction", "Impact"],
  ["T1486", "Data Encrypted for Impact", "Impact"],
  ["T1489", "Service Stop", "Impact"],
  ["T1496", "Resource Hijacking", "Impact"],
  ["T1498", "Network Denial of Service", "Impact"],
  ["T1505.003", "Web Shell", "Persistence"],
  ["T1525", "Implant Internal Image", "Persistence"],
  ["T1528", "Steal Application Access Token", "Credential Access"],
  ["T1530", "Data from Cloud Storage", "Collection"],
  ["T1543", "Create or Modify System Process", "Persistence", "Privilege Escalation"],
  ["T1543.002", "Systemd Service", "Persistence", "Privilege Escalation"],
  ["T1546.004", "Unix Shell Configuration Modification", "Persistence", "Privilege Escalation"],
  ["T1547.006", "Kernel Modules and Extensions", "Persistence", "Privilege Escalation"],
  ["T1548", "Abuse Elevation Control Mechanism", "Privilege Escalation", "Defense Evasion"],
  ["T1548.001", "Setuid and Setgid", "Privilege Escalation", "Defense Evasion"],
  ["T1548.003", "Sudo and Sudo Caching", "Privilege Escalation", "Defense Evasion"],
  ["T1550.001", "Application Access Token", "Defense Evasion", "Lateral Movement"],
  ["T1552", "Unsecured Credentials", "Credential Access"],
  ["T1552.001", "Credentials In Files", "Credential Access"],
  ["T1552.004", "Private Keys", "Credential Access"],
  ["T1552.005", "Cloud Instance Metadata API", "Credential Access"],
  ["T1552.007", "Container API", "Credential Access"],
  ["T1553", "Subvert Trust Controls", "Defense Evasion"],
  ["T1555", "Credentials from Password Stores", "Credential Access"],
  ["T1556", "Modify Authentication Process", "Credential Access", "Defense Evasion", "Persistence"],
  ["T1562", "Impair Defenses", "Defense Evasion"],
  ["T1562.001", "Disable or Modify Tools", "Defense Evasion"],
  ["T1562.006", "Indicator Blocking", "Defense Evasion"],
  ["T1564", "Hide Artifacts", "Defense Evasion"],
  ["T1564.001", "Hidden Files and Directories", "Defense Evasion"],
  ["T1565", "Data Manipulation", "Impact"],
  ["T1567", "Exfiltration Over Web Service", "Exfiltration"],
  ["T1568", "Dynamic Resolution", "Command and Control"],
  ["T1569", "System Services", "Execution"],
  ["T1570", "Lateral Tool Transfer", "Lateral Movement"],
  ["T1571", "Non-Standard Port", "Command and Control"],
  ["T1572", "Protocol Tunneling", "Command and Control"],
  ["T1573", "Encrypted Channel", "Command and Control"],
  ["T1574", "Hijack Execution Flow", "Persistence", "Privilege Escalation", "Defense Evasion"],
  ["T1574.006", "Dynamic Linker Hijacking", "Persistence", "Privilege Escalation", "Defense Evasion"],
  ["T1595", "Active Scanning", "Reconnaissance"],
  ["T1609", "Container Administration Command", "Execution"],
  ["T1610", "Deploy Container", "Defense Evasion", "Execution"],
  ["T1611", "Escape to Host", "Privilege Escalation"],
  ["T1613", "Container and Resource Discovery", "Discovery"],
  ["T1620", "Reflective Code Loading", "Defense Evasion"],
];

export const attackTechniques: readonly AttackTechnique[] = rows.map(([id, name, ...tactics]) => ({
  id,
  name,
  tactics,
}));

const byId: ReadonlyMap<string, AttackTechnique> = new Map(attackTechniques.map((each) => [each.id, each]));

/** By its id as rules write it ("T1059.004"); an unknown sub-technique gives its parent's entry under its own id. */
export function attackTechnique(id: string): AttackTechnique | undefined {
  const known = byId.get(id);
  if (known !== undefined) return known;
  const parent = byId.get(id.split(".")[0] ?? "");
  return parent === undefined ? undefined : { ...parent, id };
}
