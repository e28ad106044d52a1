// All pages, in the order and groups of the navigation. A new page is a new file and a line here.
import type { Page } from '../page';
import { page as events } from './events';
import { page as inFlight } from './in-flight';
import { page as overview } from './overview';
import { page as routes } from './routes';
import { page as settings } from './settings';
import { page as workers } from './workers';

export const pages: readonly Page[] = [overview, inFlight, workers, routes, events, settings];
