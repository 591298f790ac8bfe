import { gitlabTemplate } from './front-ends/gitlab.ts';
import { holdApprovals } from './hold-approvals.ts';
import { holdContract } from './hold-contract.ts';

holdContract(gitlabTemplate);
holdApprovals(gitlabTemplate);
