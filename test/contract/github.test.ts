import { githubAction } from './front-ends/github.ts';
import { holdApprovals } from './hold-approvals.ts';
import { holdContract } from './hold-contract.ts';

holdContract(githubAction);
holdApprovals(githubAction);
