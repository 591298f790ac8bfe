import { azureTask } from './front-ends/azure.ts';
import { holdContract } from './hold-contract.ts';

holdContract(azureTask);
