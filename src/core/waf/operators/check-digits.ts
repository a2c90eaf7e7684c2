// Check digits of numbers that must not leave a service: payment cards (ISO/IEC 7812), Brazilian CPF, US social security, Austrian social security.

function digitsOf(text: string): readonly number[] {
  return text
    .replace(/[^0-9]/g, "")
    .split("")
    .map(Number);
}

function isOneDigitOnly(digits: readonly number[]): boolean {
  return digits.every((digit) => digit === digits[0]);
}

function weighted(digits: readonly number[], weights: readonly number[]): number {
  return weights.reduce((sum, weight, index) => sum + weight * (digits[index] ?? 0), 0);
}

/** Luhn's sum over all digits of the text; none at all does not hold. */
export function isLuhn(text: string): boolean {
  const digits = digitsOf(text);
  const sum = digits.toReversed().reduce((total, digit, index) => {
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return digits.length > 0 && sum % 10 === 0;
}

/** Eleven digits, the last two check the nine before. */
export function isCpf(text: string): boolean {
  const digits = digitsOf(text);
  if (digits.length !== 11 || isOneDigitOnly(digits)) return false;
  const check = (count: number): number => {
    const weights = Array.from({ length: count }, (_, index) => count + 1 - index);
    const rest = weighted(digits, weights) % 11;
    return rest < 2 ? 0 : 11 - rest;
  };
  return digits[9] === check(9) && digits[10] === check(10);
}

/** Nine digits in three groups, none of zeros; areas 666 and from 740 on were never given out, nor runs such as 123456789. */
export function isSsn(text: string): boolean {
  const digits = digitsOf(text);
  if (digits.length !== 9 || isOneDigitOnly(digits)) return false;
  if (digits.every((digit, index) => index === 0 || digit === (digits[index - 1] ?? 0) + 1)) return false;
  const number = Number(digits.join(""));
  const area = Math.floor(number / 1_000_000);
  const group = Math.floor(number / 10_000) % 100;
  return area > 0 && area !== 666 && area < 740 && group > 0 && number % 10_000 > 0;
}

/** Ten digits: a running number of three, a check digit, the birth date. */
export function isSvnr(text: string): boolean {
  const digits = digitsOf(text);
  if (digits.length !== 10 || isOneDigitOnly(digits)) return false;
  const rest = weighted(digits, [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11;
  return (rest === 10 ? 0 : rest) === digits[3];
}
