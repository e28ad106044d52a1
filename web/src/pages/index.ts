// All pages, in the order and groups of the navigation. A new page is a new file and a line here.
import type { Page } from '../page';
import { page as alerts } from './alerts';
import { page as actions } from './actions';
import { page as connections } from './connections';
import { page as events } from './events';
import { page as history } from './history';
import { page as health } from './health';
import { page as inFlight } from './in-flight';
import { page as load } from './load';
import { page as overview } from './overview';
import { page as recommendations } from './recommendations';
import { page as requests } from './requests';
import { page as routes } from './routes';
import { page as settings } from './settings';
import { page as stacks } from './stacks';
import { page as workers } from './workers';

export const pages: readonly Page[] = [
  overview, health, recommendations, inFlight, stacks, workers,
  load, connections, requests, routes,
  history, alerts, actions, events, settings,
];
