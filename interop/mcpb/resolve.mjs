// How a client starts a bundle: mcpb's own answer for its manifest and what its user
// has entered. Arguments: the directory of the unpacked bundle, the settings as JSON,
// and "undefaulted" for a manifest whose settings have no defaults.
import { readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { getMcpConfigForManifest } from '@anthropic-ai/mcpb';

const [directory, settings, undefaulted] = process.argv.slice(2);
const manifest = JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8'));
if (undefaulted) {
  for (const setting of Object.values(manifest.user_config)) delete setting.default;
}
const config = await getMcpConfigForManifest({
  manifest,
  extensionPath: directory,
  systemDirs: {},
  userConfig: JSON.parse(settings),
  pathSeparator: sep,
});
console.log(JSON.stringify(config));
