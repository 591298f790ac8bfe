import { githubAction } from './front-ends/github.ts';
import { holdContract } from './hold-contract.ts';
import { holdTrust } from './hold-trust.ts';

holdContract(githubAction);
holdTrust(githubAction);
