// Tokens of clouds, code hosts and package registries that begin with (or hold) a literal of their own. Sources: the vendors' documents.
import type { Check } from "./checks.ts";
import { awsKeyId, entropy, notExample, withChecksum } from "./checks.ts";
import type { SecretSeverity } from "./rules.ts";

export interface TokenRow {
  readonly id: string;
  readonly title: string;
  /** Absent: high. */
  readonly severity?: SecretSeverity;
  /** Literals of at least four characters, a blank between them; one is in every match. */
  readonly anchors: string;
  /** Pattern of the value, without group and borders. */
  readonly value: string;
  readonly check: Check;
}

export const cloudTokens: readonly TokenRow[] = [
  {
    id: "aws-access-key",
    title: "AWS access key id",
    anchors: "AKIA ASIA ABIA ACCA",
    value: "(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}",
    check: awsKeyId,
  },
  {
    id: "github-token",
    title: "GitHub token",
    severity: "critical",
    anchors: "ghp_ gho_ ghu_ ghs_ ghr_",
    value: "gh[pousr]_[A-Za-z0-9]{36}",
    check: withChecksum,
  },
  {
    id: "github-fine-grained-token",
    title: "GitHub fine-grained token",
    severity: "critical",
    anchors: "github_pat_",
    value: "github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
    check: entropy(3.5),
  },
  {
    id: "gitlab-token",
    title: "GitLab token",
    severity: "critical",
    anchors: "glpat- gldt- glrt- glptt- glsoat- glcbt- glagent- glimt- glft-",
    value: "gl(?:pat|dt|rt|ptt|soat|cbt|agent|imt|ft)-[A-Za-z0-9_.-]{20,64}",
    check: entropy(3),
  },
  {
    id: "gitlab-runner-token",
    title: "GitLab runner registration token",
    anchors: "GR1348941",
    value: "GR1348941[A-Za-z0-9_-]{20}",
    check: entropy(3),
  },
  {
    id: "bitbucket-token",
    title: "Bitbucket app password",
    anchors: "ATBB",
    value: "ATBB[A-Za-z0-9]{32}",
    check: entropy(3.5),
  },
  {
    id: "atlassian-token",
    title: "Atlassian API token",
    severity: "critical",
    anchors: "ATATT3x",
    value: "ATATT3x[A-Za-z0-9_=.-]{100,250}",
    check: entropy(4),
  },
  {
    id: "google-api-key",
    title: "Google API key",
    anchors: "AIza",
    value: "AIza[A-Za-z0-9_-]{35}",
    check: entropy(3.5),
  },
  {
    id: "google-oauth-secret",
    title: "Google OAuth client secret",
    anchors: "GOCSPX-",
    value: "GOCSPX-[A-Za-z0-9_-]{28}",
    check: entropy(3.5),
  },
  {
    id: "google-oauth-token",
    title: "Google OAuth access token",
    severity: "medium",
    anchors: "ya29.",
    value: "ya29\\.[A-Za-z0-9_-]{40,500}",
    check: entropy(4),
  },
  {
    id: "firebase-server-key",
    title: "Firebase messaging server key",
    anchors: ":APA91b",
    value: "AAAA[A-Za-z0-9_-]{7}:APA91b[A-Za-z0-9_-]{134}",
    check: entropy(4),
  },
  {
    id: "npm-token",
    title: "npm access token",
    severity: "critical",
    anchors: "npm_",
    value: "npm_[A-Za-z0-9]{36}",
    check: withChecksum,
  },
  {
    id: "pypi-token",
    title: "PyPI upload token",
    severity: "critical",
    anchors: "pypi-AgEIcHlwaS5vcmc pypi-AgENdGVzdC5weXBpLm9yZw",
    value: "pypi-AgE[A-Za-z0-9_-]{60,1000}",
    check: entropy(4),
  },
  {
    id: "rubygems-token",
    title: "RubyGems API key",
    severity: "critical",
    anchors: "rubygems_",
    value: "rubygems_[0-9a-f]{48}",
    check: entropy(3),
  },
  {
    id: "docker-hub-token",
    title: "Docker Hub access token",
    severity: "critical",
    anchors: "dckr_pat_ dckr_oat_",
    value: "dckr_[po]at_[A-Za-z0-9_-]{27,64}",
    check: entropy(3.5),
  },
  {
    id: "artifactory-token",
    title: "Artifactory API key",
    anchors: "AKCp",
    value: "AKCp[A-Za-z0-9]{69}",
    check: entropy(4),
  },
  {
    id: "vault-token",
    title: "Vault token",
    severity: "critical",
    anchors: "hvs. hvb. hvr.",
    value: "hv[sbr]\\.[A-Za-z0-9_-]{24,300}",
    check: entropy(3.5),
  },
  {
    id: "terraform-cloud-token",
    title: "Terraform Cloud token",
    severity: "critical",
    anchors: ".atlasv1.",
    value: "[A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_=-]{60,70}",
    check: entropy(4),
  },
  {
    id: "digitalocean-token",
    title: "DigitalOcean token",
    severity: "critical",
    anchors: "dop_v1_ doo_v1_ dor_v1_",
    value: "do[por]_v1_[0-9a-f]{64}",
    check: entropy(3),
  },
  {
    id: "databricks-token",
    title: "Databricks token",
    anchors: "dapi",
    value: "dapi[0-9a-f]{32}(?:-\\d)?",
    check: entropy(3),
  },
  {
    id: "cloudflare-origin-key",
    title: "Cloudflare origin CA key",
    severity: "critical",
    anchors: "v1.0-",
    value: "v1\\.0-[0-9a-f]{24}-[0-9a-f]{146}",
    check: notExample,
  },
  {
    id: "alibaba-access-key",
    title: "Alibaba Cloud access key id",
    anchors: "LTAI",
    value: "LTAI[A-Za-z0-9]{17,21}",
    check: entropy(3.5),
  },
  {
    id: "tencent-secret-id",
    title: "Tencent Cloud secret id",
    anchors: "AKID",
    value: "AKID[A-Za-z0-9]{32}",
    check: entropy(4),
  },
  {
    id: "azure-storage-key",
    title: "Azure storage account key",
    severity: "critical",
    anchors: "AccountKey=",
    value: "AccountKey=[A-Za-z0-9+/]{86}==",
    check: entropy(4),
  },
  {
    id: "azure-shared-key",
    title: "Azure shared access key",
    severity: "critical",
    anchors: "SharedAccessKey=",
    value: "SharedAccessKey=[A-Za-z0-9+/]{43}=",
    check: entropy(4),
  },
  {
    id: "azure-devops-token",
    title: "Azure DevOps token",
    severity: "critical",
    anchors: "AZDO",
    value: "[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}",
    check: entropy(4),
  },
  { id: "pulumi-token", title: "Pulumi access token", anchors: "pul-", value: "pul-[0-9a-f]{40}", check: entropy(3) },
];
