import { azureTask } from './front-ends/azure.ts';
import { holdContract } from './hold-contract.ts';
import { holdTrust } from './hold-trust.ts';

holdContract(azureTask);
holdTrust(azureTask);
