import { gitlabTemplate } from './front-ends/gitlab.ts';
import { holdContract } from './hold-contract.ts';
import { holdTrust } from './hold-trust.ts';

holdContract(gitlabTemplate);
holdTrust(gitlabTemplate);
