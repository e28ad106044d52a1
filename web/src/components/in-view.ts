// Which of the watched elements are in view, or nearly. What is out of view need not be drawn each second.

export class InView {
  private readonly seen = new Set<Element>();
  private readonly observer: IntersectionObserver | undefined;

  constructor(onEnter: (element: Element) => void = () => undefined) {
    if (typeof IntersectionObserver === 'undefined') return;
    const margin = { rootMargin: '200px' };
    this.observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) this.seen.delete(target);
        if (!target.isConnected) this.forget(target);
        else if (isIntersecting && !this.seen.has(target)) {
          this.seen.add(target);
          onEnter(target);
        }
      }
    }, margin);
  }

  get elements(): Iterable<Element> {
    return this.seen;
  }

  has(element: Element): boolean {
    return !this.observer || this.seen.has(element);
  }

  watch(element: Element): void {
    this.observer?.observe(element);
  }

  forget(element: Element): void {
    this.observer?.unobserve(element);
    this.seen.delete(element);
  }
}
