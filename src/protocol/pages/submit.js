// Not form.submit(): a parameter of that name would hide the method.
HTMLFormElement.prototype.submit.call(document.forms[0]);
