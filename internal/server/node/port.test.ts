import { describePort } from '../listener.testkit.js';
import { listenWithNode } from './listener.js';

describePort('the second port', listenWithNode);
