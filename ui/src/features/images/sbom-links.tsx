// The image's documents, made when they are asked for and saved by the browser.
import { Download } from "lucide-react";
import { call } from "../../../../src/apps/server/contract/client.ts";
import { apiClient } from "../../api/client.ts";
import { troubleOf, type Trouble } from "../../api/trouble.ts";
import { Dropdown } from "../../kit/dropdown.tsx";
import { Notice, sentence } from "../../kit/states.tsx";
import { useState } from "react";

const formats = [
  { id: "cyclonedx", label: "CycloneDX 1.6", file: "cdx.json" },
  { id: "spdx", label: "SPDX 2.3", file: "spdx.json" },
  { id: "openvex", label: "OpenVEX", file: "vex.json" },
] as const;

export function SbomLinks({ digest }: { readonly digest: string }) {
  const [trouble, setTrouble] = useState<Trouble | undefined>(undefined);
  const save = (format: (typeof formats)[number]): void => {
    setTrouble(undefined);
    call(apiClient, "imageSbom", { query: { digest, format: format.id } }).then(
      (document) => saveFile(`${digest.replace(/[^a-z0-9]+/gi, "-").slice(0, 40)}.${format.file}`, document),
      (error: unknown) => setTrouble(troubleOf(error)),
    );
  };
  return (
    <>
      <Dropdown label="SBOM and other documents of this image" icon={<Download />} text="SBOM" set={false}>
        {(close) => (
          <ul className="menu">
            {formats.map((format) => (
              <li key={format.id}>
                <button
                  type="button"
                  onClick={() => {
                    save(format);
                    close();
                  }}
                >
                  {format.label}
                </button>
              </li>
            ))}
          </ul>
        )}
      </Dropdown>
      {trouble === undefined ? null : <Notice tone="warning">{sentence(trouble.message)}</Notice>}
    </>
  );
}

function saveFile(name: string, document: Readonly<Record<string, unknown>>): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(document, null, 2)], { type: "application/json" }));
  const link = window.document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
