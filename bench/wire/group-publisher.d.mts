export class GroupPublisher {
  static open(
    address: { readonly url: string; readonly token: string },
    group: {
      readonly process: string;
      readonly entries: number;
      readonly bytes: number;
      readonly windowBytes: number;
    },
  ): Promise<GroupPublisher>;
  readonly isIdle: boolean;
  readonly accepted: number;
  readonly refused: Readonly<Record<string, number>>;
  send(): boolean;
  whenAnswered(): Promise<void>;
  close(): void;
}
