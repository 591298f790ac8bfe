import { azureTask } from './front-ends/azure.ts';
import { holdVerifyContract } from './hold-verify-contract.ts';

holdVerifyContract(azureTask);
