// Choose the time zone of the reader's own clock, unless they chose one.
const select = document.querySelector("select[data-guess]");
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (select && [...select.options].some((option) => option.value === here)) {
  select.value = here;
}
