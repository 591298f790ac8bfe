import { azureTask } from './front-ends/azure.ts';
import { holdApprovals } from './hold-approvals.ts';
import { holdContract } from './hold-contract.ts';

holdContract(azureTask);
holdApprovals(azureTask);
