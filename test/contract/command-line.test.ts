import { commandLine } from './front-ends/command-line.ts';
import { holdApprovals } from './hold-approvals.ts';
import { holdContract } from './hold-contract.ts';

holdContract(commandLine);
holdApprovals(commandLine);
