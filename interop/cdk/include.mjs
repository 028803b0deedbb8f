// Has AWS's CDK read a CloudFormation template into its own classes, write it again,
// and validate what it wrote; prints what it found as JSON.
//   node include.mjs TEMPLATE DIRECTORY
// Each resource's class is the one of its type, and overrides are the properties that
// the class does not know.
import { App, Stack } from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import fs from 'node:fs';
import path from 'node:path';

const [templateFile, outdir] = process.argv.slice(2);
const app = new App({ outdir, analyticsReporting: false });
const stack = new Stack(app, 'Included');
const included = new CfnInclude(stack, 'Template', { templateFile });
const { template } = app.synth().getStackByName('Included');
const resources = {};
for (const id of Object.keys(template.Resources)) {
  const resource = included.getResource(id);
  resources[id] = { type: resource.cfnResourceType, class: resource.constructor.name, overrides: resource.rawOverrides };
}
const report = path.join(outdir, 'validation-report.json');
const reports = fs.existsSync(report) ? JSON.parse(fs.readFileSync(report, 'utf8')) : null;
fs.writeFileSync(path.join(outdir, 'found.json'), JSON.stringify({ resources, template, reports }));
